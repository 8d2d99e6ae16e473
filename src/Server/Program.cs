var builder = WebApplication.CreateSlimBuilder(args); Console.WriteLine(builder.Environment.ApplicationName);
