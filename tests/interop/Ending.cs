// How a program that called over HTTP ends under Mono.
using System;
using System.Runtime.InteropServices;

static class Ending
{
    [DllImport("libc")]
    static extern void _exit(int status);

    // At an ordinary end Mono aborts the threads of its pool, and now and then itself with them, when all is said and done
    // (https://github.com/mono/mono/issues/10832).
    public static void With(int status)
    {
        Console.Out.Flush();
        Console.Error.Flush();
        _exit(status);
    }
}
