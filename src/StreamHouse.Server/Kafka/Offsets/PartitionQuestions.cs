namespace StreamHouse.Server.Kafka.Offsets;

/// <summary>Answers what a request asks of many partitions: each question once however often it stands there, and several at the same time.</summary>
internal static class PartitionQuestions
{
    /// <summary>Questions of one request that are answered at the same time. Each may have to read from objects.</summary>
    public const int AtOnceMax = 16;

    /// <summary>Answers questions.</summary>
    /// <param name="questions">What is asked, in the request's order.</param>
    /// <param name="answer">Answers one; the order of its calls is that of the questions.</param>
    /// <param name="gone">Ends when nobody wants the answers any more.</param>
    /// <returns>The answers, in the order of the questions.</returns>
    public static async ValueTask<TAnswer[]> AnswerAsync<TQuestion, TAnswer>(
        IReadOnlyList<TQuestion> questions, Func<TQuestion, ValueTask<TAnswer>> answer, CancellationToken gone)
        where TQuestion : struct, IEquatable<TQuestion>
    {
        var answers = new TAnswer[questions.Count];
        int[] first = new int[questions.Count];
        Dictionary<TQuestion, int> asked = new(questions.Count);
        List<Task> atWork = [];
        for (int i = 0; i < answers.Length; i++)
        {
            gone.ThrowIfCancellationRequested();
            if (!asked.TryAdd(questions[i], i))
            {
                first[i] = asked[questions[i]];
                continue;
            }
            first[i] = i;
            if (atWork.Count == AtOnceMax)
            {
                atWork.Remove(await Task.WhenAny(atWork));
            }
            ValueTask<TAnswer> answering = answer(questions[i]);
            if (answering.IsCompletedSuccessfully)
            {
                answers[i] = answering.Result;
            }
            else
            {
                atWork.Add(KeepAsync(answering, answers, i));
            }
        }
        await Task.WhenAll(atWork);
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = answers[first[i]];
        }
        return answers;
    }

    private static async Task KeepAsync<TAnswer>(ValueTask<TAnswer> answering, TAnswer[] answers, int at) => answers[at] = await answering;
}
