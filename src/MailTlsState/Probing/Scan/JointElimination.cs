namespace MailTlsState.Probing.Scan;

/// <summary>What a server chose of two lists; null where it chose nothing new to us.</summary>
internal readonly record struct JointChoice(int? First, int? Second);

/// <summary>What two lists came to.</summary>
/// <param name="First">Accepted of the first, in the order in which the server chose them.</param>
/// <param name="Second">Accepted of the second.</param>
/// <param name="Complete">False when a question was left without an answer.</param>
internal sealed record JointResult(IReadOnlyList<int> First, IReadOnlyList<int> Second, bool Complete);

/// <summary>
/// Finds what a server accepts of two independent lists at once. Each connection shows one choice of each; what was chosen is taken
/// out and the rest offered again, until nothing is chosen. So the longer list sets the number of connections, not the sum.
/// </summary>
/// <param name="ask">Offers two lists; null when it could not be asked. Refused is a choice without values.</param>
internal sealed class JointElimination(Func<IReadOnlyList<int>, IReadOnlyList<int>, Task<JointChoice?>> ask)
{
    private readonly List<int> _first = [];
    private readonly List<int> _second = [];

    /// <summary>Starts from what is known to be accepted already.</summary>
    public JointElimination Knowing(IEnumerable<int> first, IEnumerable<int> second)
    {
        _first.AddRange(first);
        _second.AddRange(second);
        return this;
    }

    public async Task<JointResult> RunAsync(IReadOnlyList<int> first, IReadOnlyList<int> second)
    {
        var (firstOpen, secondOpen) = (first.Except(_first).Any(), second.Except(_second).Any());
        while (firstOpen || secondOpen)
        {
            // A list that is done is offered as what is known of it, so that it stands in nobody's way.
            var (a, b) = (firstOpen ? Rest(first, _first) : _first, secondOpen ? Rest(second, _second) : _second);
            if (await ask(a, b).ConfigureAwait(false) is not { } choice)
            {
                return new JointResult(_first, _second, Complete: false);
            }

            if (Take(choice, first, second))
            {
                (firstOpen, secondOpen) = (firstOpen && first.Except(_first).Any(), secondOpen && second.Except(_second).Any());
                continue;
            }

            // Nothing new: one of the rests is empty of what the server takes. If both were cut down, the first is tried beside what is
            // known of the second.
            if (!firstOpen || !secondOpen || _second.Count == 0)
            {
                break;
            }

            if (await ask(a, _second).ConfigureAwait(false) is not { } again)
            {
                return new JointResult(_first, _second, Complete: false);
            }

            var news = Take(again, first, second);
            (firstOpen, secondOpen) = news ? (first.Except(_first).Any(), false) : (false, _first.Count > 0);
        }

        return new JointResult(_first, _second, Complete: true);
    }

    private static List<int> Rest(IReadOnlyList<int> all, List<int> found) => [.. all.Except(found)];

    private bool Take(JointChoice choice, IReadOnlyList<int> first, IReadOnlyList<int> second)
    {
        return Add(_first, choice.First, first) | Add(_second, choice.Second, second);

        // What was not offered is nobody's choice: a server that answers so would keep us busy for ever.
        static bool Add(List<int> found, int? value, IReadOnlyList<int> all)
        {
            if (value is not { } code || found.Contains(code) || !all.Contains(code))
            {
                return false;
            }

            found.Add(code);
            return true;
        }
    }
}
