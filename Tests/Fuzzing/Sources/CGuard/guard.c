#include "guard.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

// The counters of what was executed, between symbols that the linker makes. This file has no counters: the compiler
// would declare these names, too, and libFuzzer find none.
extern char __start___sancov_cntrs[], __stop___sancov_cntrs[];
#define UNCOUNTED __attribute__((no_sanitize("coverage")))

enum { longest = 1 << 20, most = 256 };

// The input, and the counters that it moved, in memory that both processes see.
static struct {
  size_t size;
  unsigned char bytes[longest];
  char counters[];
} *shared;
static size_t count;

static pid_t child;
static int inputs, outputs, served;

// Reads inputs until there are no more.
UNCOUNTED static void serve(void (*body)(const unsigned char *, size_t), int wanted, int done) {
  // libFuzzer's handlers would take the death of the copy for its own.
  int ends[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGPROF, SIGSEGV, SIGTRAP, SIGTERM};
  for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) signal(ends[i], SIG_DFL);
  dup2(open("/dev/null", O_WRONLY), 2);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // A quarter of a second of work, or ten seconds of waiting.
  struct itimerval work = {{0, 0}, {0, 250000}}, wait = {{0, 0}, {10, 0}}, endless = {{0, 0}, {0, 0}};
  char byte;
  while (read(wanted, &byte, 1) == 1) {
    memset(__start___sancov_cntrs, 0, count);
    setitimer(ITIMER_PROF, &work, 0);
    setitimer(ITIMER_REAL, &wait, 0);
    body(shared->bytes, shared->size);
    setitimer(ITIMER_REAL, &endless, 0);
    memcpy(shared->counters, __start___sancov_cntrs, count);
    if (write(done, &byte, 1) != 1) break;
  }
  _exit(0);
}

UNCOUNTED static int start(void (*body)(const unsigned char *, size_t)) {
  if (!shared) {
    count = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
    void *both = mmap(0, sizeof *shared + count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (both == MAP_FAILED) return -1;
    shared = both;
  }
  int forth[2], back[2];
  if (pipe(forth) != 0 || pipe(back) != 0) return -1;
  child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    close(forth[1]);
    close(back[0]);
    serve(body, forth[0], back[1]);
  }
  close(forth[0]);
  close(back[1]);
  inputs = forth[1];
  outputs = back[0];
  served = 0;
  return 0;
}

UNCOUNTED static int finish(void) {
  int status = 0;
  close(inputs);
  close(outputs);
  while (waitpid(child, &status, 0) < 0) {}
  child = 0;
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

UNCOUNTED int overtone_guard(
    void (*body)(const unsigned char *, size_t), const unsigned char *bytes, size_t size) {
  // What a library loses of its memory goes with the process.
  if (child && served == most) finish();
  if (size > longest || (!child && start(body) != 0)) return -1;
  memcpy(shared->bytes, bytes, size);
  shared->size = size;
  served++;
  char byte = 0;
  ssize_t answers = write(inputs, &byte, 1);
  // libFuzzer's timer interrupts the wait.
  if (answers == 1) do answers = read(outputs, &byte, 1); while (answers < 0 && errno == EINTR);
  if (answers != 1) return finish();
  memcpy(__start___sancov_cntrs, shared->counters, count);
  return 0;
}

UNCOUNTED int overtone_limit_memory(unsigned long bytes) {
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
