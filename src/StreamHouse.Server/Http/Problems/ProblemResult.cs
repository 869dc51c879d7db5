namespace StreamHouse.Server.Http.Problems;

/// <summary>Answers with a problem document.</summary>
internal sealed class ProblemResult(Problem problem) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => problem.WriteAsync(httpContext);
}
