/* measure.c - runs a program and writes what it took to a file, as one line of JSON: wall seconds, user and
 * system seconds and peak memory of the whole process, seen from outside (wait4). A small program of its own,
 * because the peak memory that the kernel reports starts with that of the process that started the program.
 *
 * usage: measure RESULT PROGRAM [ARGUMENT...]; exits with the program's code. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: measure RESULT PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    double start = now_seconds();
    pid_t pid = fork();
    if (pid == 0) {
        (void)execvp(argv[2], argv + 2);
        (void)fprintf(stderr, "could not run \"%s\": %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
        (void)fprintf(stderr, "could not run \"%s\": %s\n", argv[2], strerror(errno));
        return 126;
    }
    double wall = now_seconds() - start;
    FILE *result = fopen(argv[1], "w");
    if (result == NULL ||
        fprintf(result, "{\"wall_s\": %.6f, \"user_s\": %.6f, \"system_s\": %.6f, \"peak_bytes\": %lld}\n",
                wall, seconds(usage.ru_utime), seconds(usage.ru_stime),
                (long long)usage.ru_maxrss * 1024) < 0 ||
        fclose(result) != 0) {
        (void)fprintf(stderr, "could not write \"%s\": %s\n", argv[1], strerror(errno));
        return 126;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
