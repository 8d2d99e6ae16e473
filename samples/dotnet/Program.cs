var app = WebApplication.CreateSlimBuilder(args).Build();
app.MapGet("/", () => $"{Environment.GetEnvironmentVariable("GREETING") ?? "Hello"} from .NET {Environment.Version.Major}.\n");
app.Run();
