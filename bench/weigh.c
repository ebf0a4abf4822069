/*
 * weigh.c - runs a program and prints what it took: exit status, wall, CPU, peak memory.
 *
 * It is small on purpose: Linux counts the memory of the process that forked into the
 * peak of the one that was started, so a Python parent would hide every figure below its
 * own.  The line of JSON goes to the file descriptor named first; SIGTERM is passed on to
 * the program's process group.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t child;

static void
pass_on (int signal_number)
{
  kill (-(pid_t) child, signal_number);
}

static double
milliseconds (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static double
spent (struct timeval time)
{
  return (double) time.tv_sec * 1e3 + (double) time.tv_usec / 1e3;
}

int
main (int argc, char **argv)
{
  if (argc < 3)
    return 64;
  double start = milliseconds ();
  pid_t pid = fork ();
  if (pid == 0)
    {
      setpgid (0, 0);
      execvp (argv[2], argv + 2);
      _exit (127);
    }
  child = pid;
  signal (SIGTERM, pass_on);
  int status = 0;
  struct rusage usage = { 0 };
  while (wait4 (pid, &status, 0, &usage) < 0 && errno == EINTR)
    ;
  dprintf (atoi (argv[1]),
           "{\"code\":%d,\"wall_ms\":%.3f,\"cpu_ms\":%.3f,\"peak_kib\":%ld}\n",
           WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status),
           milliseconds () - start, spent (usage.ru_utime) + spent (usage.ru_stime),
           usage.ru_maxrss);
  return 0;
}
