using System.Data.Common;

namespace StreamHouse.Storage.Metadata;

/// <summary>One connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqlSession(DbConnection connection, SqlDialect dialect) : IDisposable
{
    private readonly Dictionary<string, DbCommand> _statements = new(StringComparer.Ordinal);

    public SqlDialect Dialect { get; } = dialect;

    /// <summary>Runs a statement.</summary>
    /// <returns>Rows affected.</returns>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Prepare(sql, parameters).ExecuteNonQuery();

    /// <summary>Runs a statement that is used once and not worth keeping prepared.</summary>
    public void ExecuteOnce(string sql)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Runs a statement once per row, in order.</summary>
    /// <returns>Rows affected by each.</returns>
    public int[] ExecuteMany<TRow>(string sql, IReadOnlyList<TRow> rows, ReadOnlySpan<string> names, Action<TRow, object?[]> bind)
    {
        int[] affected = new int[rows.Count];
        if (rows.Count == 0)
        {
            return affected;
        }
        DbCommand command = Command(sql, names);
        object?[] values = new object?[names.Length];
        Dialect.BindAmbient(command);
        for (int row = 0; row < rows.Count; row++)
        {
            bind(rows[row], values);
            for (int i = 0; i < values.Length; i++)
            {
                command.Parameters[i].Value = Dialect.Encode(values[i]);
            }
            affected[row] = command.ExecuteNonQuery();
        }
        return affected;
    }

    /// <summary>Reads all rows of a statement.</summary>
    public List<T> Query<T>(string sql, Func<SqlRow, T> map, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using DbDataReader reader = Prepare(sql, parameters).ExecuteReader();
        List<T> rows = [];
        SqlRow row = new(reader, Dialect);
        while (reader.Read())
        {
            rows.Add(map(row));
        }
        return rows;
    }

    /// <summary>Reads the first column of the first row, or null when there is no row or the column is null.</summary>
    public long? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using DbDataReader reader = Prepare(sql, parameters).ExecuteReader();
        return reader.Read() && !reader.IsDBNull(0) ? reader.GetInt64(0) : null;
    }

    public void Dispose()
    {
        foreach (DbCommand command in _statements.Values)
        {
            command.Dispose();
        }
        connection.Dispose();
    }

    private DbCommand Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!_statements.TryGetValue(sql, out DbCommand? command))
        {
            string[] names = new string[parameters.Length];
            for (int i = 0; i < names.Length; i++)
            {
                names[i] = parameters[i].Name;
            }
            command = Command(sql, names);
        }
        for (int i = 0; i < parameters.Length; i++)
        {
            command.Parameters[i].Value = Dialect.Encode(parameters[i].Value);
        }
        Dialect.BindAmbient(command);
        return command;
    }

    private DbCommand Command(string sql, ReadOnlySpan<string> names)
    {
        if (_statements.TryGetValue(sql, out DbCommand? known))
        {
            return known;
        }
#pragma warning disable CA2100 // Every statement is a constant of this folder; values travel as parameters.
        DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (string name in names)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }
        _statements.Add(sql, command);
        return command;
    }
}

/// <summary>The current row of a query.</summary>
internal readonly struct SqlRow(DbDataReader reader, SqlDialect dialect)
{
    public long Long(int column) => reader.GetInt64(column);

    public int Int(int column) => reader.GetInt32(column);

    public string Text(int column) => reader.GetString(column);

    public string? TextOrNull(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public Guid Guid(int column) => dialect.DecodeGuid(reader, column);

    public Guid? GuidOrNull(int column) => reader.IsDBNull(column) ? null : dialect.DecodeGuid(reader, column);

    public bool IsNull(int column) => reader.IsDBNull(column);
}
