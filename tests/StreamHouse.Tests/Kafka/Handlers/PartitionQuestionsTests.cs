using StreamHouse.Server.Kafka.Offsets;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class PartitionQuestionsTests
{
    [Fact]
    public async Task Equal_questions_are_answered_once_and_every_answer_stands_where_its_question_did()
    {
        List<int> answered = [];
        async ValueTask<string> AnswerAsync(int question)
        {
            answered.Add(question);
            await Task.Delay(question == 3 ? 50 : 1);
            return $"answer {question}";
        }

        string[] answers = await PartitionQuestions.AnswerAsync([3, 1, 3, 2, 1, 3], AnswerAsync, CancellationToken.None);

        answers.ShouldBe(["answer 3", "answer 1", "answer 3", "answer 2", "answer 1", "answer 3"]);
        answered.ShouldBe([3, 1, 2]);
    }

    [Fact]
    public async Task Some_questions_are_answered_at_the_same_time_but_not_all()
    {
        int running = 0;
        int most = 0;
        int done = 0;
        TaskCompletionSource enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
        async ValueTask<int> AnswerAsync(int question)
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            if (most == PartitionQuestions.AtOnceMax)
            {
                enough.TrySetResult();
            }
            await enough.Task;
            await Task.Delay(1);
            Interlocked.Decrement(ref running);
            Interlocked.Increment(ref done);
            return question;
        }

        int[] answers = await PartitionQuestions.AnswerAsync([.. Enumerable.Range(0, 200)], AnswerAsync, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(20));

        answers.ShouldBe(Enumerable.Range(0, 200));
        (most, done).ShouldBe((PartitionQuestions.AtOnceMax, 200));
    }

    [Fact]
    public async Task Nothing_more_is_looked_up_for_a_client_that_is_gone()
    {
        using CancellationTokenSource gone = new();
        int answered = 0;
        async ValueTask<int> AnswerAsync(int question)
        {
            if (++answered == 5)
            {
                await gone.CancelAsync();
            }
            return question;
        }

        await Should.ThrowAsync<OperationCanceledException>(
            () => PartitionQuestions.AnswerAsync([.. Enumerable.Range(0, 200)], AnswerAsync, gone.Token).AsTask());

        answered.ShouldBe(5);
    }
}
