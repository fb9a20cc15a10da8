// go-client ROOT.pem NAME:PORT…
//   Speaks TLS with a mail host as a Go program does that has the root and nothing else: STARTTLS on 25, 587, 143 and 110, TLS from
//   the first byte on other ports. Prints `PORT VERSION SUITE SHA256-OF-THE-LEAF` for each; the first that fails ends it with status 1.
package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// A mail protocol's words: what it greets with, what asks for TLS, and what grants it.
type dialogue struct{ greeting, hello, helloEnd, ask, granted string }

var dialogues = map[string]dialogue{
	"25":  {"220 ", "EHLO go.example\r\n", "250 ", "STARTTLS\r\n", "220 "},
	"587": {"220 ", "EHLO go.example\r\n", "250 ", "STARTTLS\r\n", "220 "},
	"143": {"* OK", "", "", "a STARTTLS\r\n", "a OK"},
	"110": {"+OK", "", "", "STLS\r\n", "+OK"},
}

func main() {
	pem, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail("root", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		fail("root", fmt.Errorf("no certificate in %s", os.Args[1]))
	}
	for _, place := range os.Args[2:] {
		if err := visit(place, roots); err != nil {
			fail(place, err)
		}
	}
}

func visit(place string, roots *x509.CertPool) error {
	name, port, err := net.SplitHostPort(place)
	if err != nil {
		return err
	}
	raw, err := net.DialTimeout("tcp", place, 10*time.Second)
	if err != nil {
		return err
	}
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(20 * time.Second))
	if d, plain := dialogues[port]; plain {
		if err := d.start(raw); err != nil {
			return err
		}
	}
	secure := tls.Client(raw, &tls.Config{RootCAs: roots, ServerName: name})
	if err := secure.Handshake(); err != nil {
		return err
	}
	state := secure.ConnectionState()
	fmt.Printf("%s %x %s %x\n", port, state.Version, tls.CipherSuiteName(state.CipherSuite), sha256.Sum256(state.PeerCertificates[0].Raw))
	return secure.Close()
}

func (d dialogue) start(raw net.Conn) error {
	lines := bufio.NewReader(raw)
	if err := until(lines, d.greeting); err != nil {
		return err
	}
	if d.hello != "" {
		fmt.Fprint(raw, d.hello)
		if err := until(lines, d.helloEnd); err != nil {
			return err
		}
	}
	fmt.Fprint(raw, d.ask)
	return until(lines, d.granted)
}

// Reads lines to the one that begins with the words.
func until(lines *bufio.Reader, words string) error {
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("waiting for %q: %w", words, err)
		}
		if strings.HasPrefix(line, words) {
			return nil
		}
	}
}

func fail(where string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", where, err)
	os.Exit(1)
}
