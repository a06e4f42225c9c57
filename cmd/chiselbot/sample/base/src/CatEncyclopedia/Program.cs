using Microsoft.Data.SqlClient;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddHealthChecks();
builder.Services.AddScoped(_ => new SqlConnection(builder.Configuration.GetConnectionString("Cats")));

var app = builder.Build();
app.MapHealthChecks("/health");
app.MapGet("/cats/{breed}", async (string breed, SqlConnection cats) =>
{
    await cats.OpenAsync();
    await using var select = new SqlCommand("SELECT Story FROM Breeds WHERE Name = @name", cats);
    select.Parameters.AddWithValue("@name", breed);
    return await select.ExecuteScalarAsync() is string story ? Results.Ok(story) : Results.NotFound();
});
app.Run();
