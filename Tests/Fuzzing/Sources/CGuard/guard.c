#include "guard.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

int overtone_guard(void (*body)(void *), void *context) {
  pid_t child = fork();
  if (child < 0) return 0;
  if (child == 0) {
    // libFuzzer's handlers would take the death of the copy for its own.
    int ends[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGPROF, SIGSEGV, SIGTRAP, SIGTERM};
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) signal(ends[i], SIG_DFL);
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, 2);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    // A second of work, or ten of waiting.
    struct itimerval work = {{0, 0}, {1, 0}}, wait = {{0, 0}, {10, 0}};
    setitimer(ITIMER_PROF, &work, 0);
    setitimer(ITIMER_REAL, &wait, 0);
    body(context);
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {}
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int overtone_limit_memory(unsigned long bytes) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return -1;
  int read = fscanf(file, "%lu", &pages);
  fclose(file);
  if (read != 1) return -1;
  struct rlimit limit;
  limit.rlim_cur = limit.rlim_max = pages * (unsigned long)sysconf(_SC_PAGESIZE) + bytes;
  return setrlimit(RLIMIT_AS, &limit);
}
