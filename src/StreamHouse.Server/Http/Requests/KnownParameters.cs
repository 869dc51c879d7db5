using System.Reflection;

namespace StreamHouse.Server.Http.Requests;

/// <summary>Refuses query parameters that an endpoint does not know: a misspelt one must not be ignored.</summary>
internal static class KnownParameters
{
    public static EndpointFilterDelegate Require(EndpointFilterFactoryContext context, EndpointFilterDelegate next)
    {
        string[] known = [.. context.MethodInfo.GetParameters().Where(IsFromText).Select(p => p.Name!)];
        return invocation =>
        {
            foreach (string given in invocation.HttpContext.Request.Query.Keys)
            {
                if (!known.Contains(given, StringComparer.OrdinalIgnoreCase))
                {
                    throw Arguments.Invalid($"There is no query parameter '{given}' here.");
                }
            }
            return next(invocation);
        };
    }

    private static bool IsFromText(ParameterInfo parameter)
    {
        Type type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        return type == typeof(string) || type == typeof(int) || type == typeof(long) || type == typeof(bool);
    }
}
