// Faults of a disk, for tests: preloaded into the program (LD_PRELOAD), it counts the calls of the system that concern
// files below a folder, and makes one of them fail. SQLite's test harness does the same through its own layer of files.
//
//   TORTURE_ROOT     the folder, an absolute path; without it nothing happens
//   TORTURE_AT       the number of the call that fails, from 1 on; 0 or missing: none
//   TORTURE_FAULT    ENOSPC, EIO, EDQUOT, EACCES, EROFS; short: half of the bytes are written or read;
//                    kill: SIGKILL before the call; tear: SIGKILL after half of the bytes
//   TORTURE_LASTING  1: every later call that writes fails, too, as on a full disk
//   TORTURE_CALLS    "writes": only calls that change something count
//   TORTURE_LOG      a file outside the folder: a line for each call, "number name path"
//   TORTURE_NOLOCKS  1: flock fails with ENOLCK, as on some network file systems
//   TORTURE_CLOCK    seconds that are added to the time of day after the hundredth call
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { reads = 1, writes = 2, opens = 4, closes = 8 };

static const char *root, *fault = "EIO";
static size_t rootLength;
static long at;
static int isLasting, onlyWrites, hasNoLocks, logFile = -1;
static long clockShift;
static atomic_long calls;

// Paths by descriptor, of files below the folder.
enum { mostFiles = 4096 };
static char *_Atomic paths[mostFiles];

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void start(void) {
  root = getenv("TORTURE_ROOT");
  // Other programs that this one starts are left alone.
  if (!root || strcmp(program_invocation_short_name, "overtone") != 0) {
    root = NULL;
    return;
  }
  rootLength = strlen(root);
  const char *text;
  if ((text = getenv("TORTURE_AT"))) at = atol(text);
  if ((text = getenv("TORTURE_FAULT"))) fault = text;
  if ((text = getenv("TORTURE_CALLS"))) onlyWrites = strcmp(text, "writes") == 0;
  isLasting = getenv("TORTURE_LASTING") != NULL;
  hasNoLocks = getenv("TORTURE_NOLOCKS") != NULL;
  if ((text = getenv("TORTURE_CLOCK"))) clockShift = atol(text);
  if ((text = getenv("TORTURE_LOG")))
    logFile = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND, 0644);
}

// Nothing that the program allocates may be disturbed: absolute paths are made in a buffer of the caller.
static const char *below(const char *path, char *buffer) {
  if (!root || !path) return NULL;
  if (path[0] != '/') {
    if (!getcwd(buffer, PATH_MAX)) return NULL;
    size_t length = strlen(buffer);
    snprintf(buffer + length, PATH_MAX - length, "/%s", path);
    path = buffer;
  }
  return strncmp(path, root, rootLength) == 0 ? path : NULL;
}

static const char *belowFile(int file) { return root && file >= 0 && file < mostFiles ? paths[file] : NULL; }

static void remember(int file, const char *path) {
  if (file >= 0 && file < mostFiles) free(atomic_exchange(&paths[file], path ? strdup(path) : NULL));
}

static int code(void) {
  static const struct { const char *name; int number; } all[] = {
    {"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EDQUOT", EDQUOT}, {"EACCES", EACCES}, {"EROFS", EROFS}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) if (strcmp(all[i].name, fault) == 0) return all[i].number;
  return EIO;
}

enum { goOn = 0, fail = 1, half = 2, halfAndDie = 3 };

// Counts a call, and says what becomes of it.
static int outcome(const char *name, int kind, const char *path) {
  if (!path || (onlyWrites && !(kind & writes))) return goOn;
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (logFile >= 0) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", number, name, path);
    syscall(SYS_write, logFile, line, length);
  }
  if (at == 0 || number < at || (number > at && !(isLasting && (kind & writes)))) return goOn;
  if (strcmp(fault, "kill") == 0) syscall(SYS_kill, getpid(), SIGKILL);
  if (strcmp(fault, "tear") == 0) {
    if (strstr(name, "write")) return halfAndDie;
    syscall(SYS_kill, getpid(), SIGKILL);
  }
  if (strcmp(fault, "short") == 0) return strstr(name, "write") || strstr(name, "read") ? half : goOn;
  // A disk without room, or one that may not be written, lets what is there be read.
  if (code() != EIO && !(kind & (writes | opens))) return goOn;
  if ((code() == ENOSPC || code() == EDQUOT || code() == EROFS) && !(kind & writes)) return goOn;
  errno = code();
  return fail;
}

static int opened(const char *name, int folder, const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  const char *found = folder == AT_FDCWD || (path && path[0] == '/') ? below(path, buffer) : NULL;
  int kind = opens | ((flags & (O_CREAT | O_TRUNC)) ? writes : 0);
  if (outcome(name, kind, found) == fail) return -1;
  int file = syscall(SYS_openat, folder, path, flags, mode);
  if (file >= 0) remember(file, found);
  return file;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, int); va_end(more); }
int open(const char *path, int flags, ...) { MODE(flags) return opened("open", AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened("open", AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) {
  MODE(flags) return opened("openat", folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
  MODE(flags) return opened("openat", folder, path, flags, mode);
}

static FILE *stream(const char *name, const char *path, const char *mode) {
  char buffer[PATH_MAX];
  if (outcome("fopen", opens | (mode[0] == 'r' ? 0 : writes), below(path, buffer)) == fail) return NULL;
  FILE *file = ((FILE *(*)(const char *, const char *))real(name))(path, mode);
  if (file) remember(fileno(file), below(path, buffer));
  return file;
}
FILE *fopen(const char *path, const char *mode) { return stream("fopen", path, mode); }
FILE *fopen64(const char *path, const char *mode) { return stream("fopen64", path, mode); }

// A transfer of `count` bytes: all of it, half of it, or none.
#define TRANSFER(name, kind, CALL) \
  switch (outcome(#name, kind, belowFile(file))) { \
  case fail: return -1; \
  case half: if (count > 1) count /= 2; break; \
  case halfAndDie: count /= 2; CALL; syscall(SYS_kill, getpid(), SIGKILL); \
  } \
  return CALL;
ssize_t write(int file, const void *bytes, size_t count) {
  TRANSFER(write, writes, syscall(SYS_write, file, bytes, count))
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  TRANSFER(pwrite, writes, syscall(SYS_pwrite64, file, bytes, count, offset))
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  TRANSFER(pwrite, writes, syscall(SYS_pwrite64, file, bytes, count, offset))
}
ssize_t read(int file, void *bytes, size_t count) { TRANSFER(read, reads, syscall(SYS_read, file, bytes, count)) }
ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
  TRANSFER(pread, reads, syscall(SYS_pread64, file, bytes, count, offset))
}
ssize_t pread64(int file, void *bytes, size_t count, off64_t offset) {
  TRANSFER(pread, reads, syscall(SYS_pread64, file, bytes, count, offset))
}
ssize_t writev(int file, const struct iovec *parts, int count) {
  if (outcome("writev", writes, belowFile(file)) == fail) return -1;
  return syscall(SYS_writev, file, parts, count);
}

#define SIMPLE(name, kind, path, CALL) \
  if (outcome(#name, kind, path) == fail) return -1; \
  return CALL;
int fsync(int file) { SIMPLE(fsync, writes, belowFile(file), syscall(SYS_fsync, file)) }
int fdatasync(int file) { SIMPLE(fdatasync, writes, belowFile(file), syscall(SYS_fdatasync, file)) }
int ftruncate(int file, off_t size) { SIMPLE(ftruncate, writes, belowFile(file), syscall(SYS_ftruncate, file, size)) }
int ftruncate64(int file, off64_t size) {
  SIMPLE(ftruncate, writes, belowFile(file), syscall(SYS_ftruncate, file, size))
}

int close(int file) {
  const char *path = belowFile(file);
  int isFailing = outcome("close", writes | closes, path) == fail, number = errno;
  if (path) remember(file, NULL);
  int result = syscall(SYS_close, file);  // a close that fails closes all the same
  if (isFailing) errno = number;
  return isFailing ? -1 : result;
}

void *mmap(void *start, size_t size, int protection, int flags, int file, off_t offset) {
  if (file >= 0 && outcome("mmap", reads, belowFile(file)) == fail) return MAP_FAILED;
  return (void *)syscall(SYS_mmap, start, size, protection, flags, file, offset);
}
void *mmap64(void *start, size_t size, int protection, int flags, int file, off64_t offset) {
  return mmap(start, size, protection, flags, file, offset);
}

int rename(const char *from, const char *to) {
  char buffer[PATH_MAX];
  SIMPLE(rename, writes, below(to, buffer), syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0))
}
int mkdir(const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  SIMPLE(mkdir, writes, below(path, buffer), syscall(SYS_mkdirat, AT_FDCWD, path, mode))
}
int unlink(const char *path) {
  char buffer[PATH_MAX];
  SIMPLE(unlink, writes, below(path, buffer), syscall(SYS_unlinkat, AT_FDCWD, path, 0))
}

int flock(int file, int operation) {
  if (root && hasNoLocks && belowFile(file)) {
    errno = ENOLCK;
    return -1;
  }
  return syscall(SYS_flock, file, operation);
}

int clock_gettime(clockid_t id, struct timespec *time) {
  int result = REAL(clock_gettime)(id, time);
  if (clockShift && id == CLOCK_REALTIME && calls > 100) time->tv_sec += clockShift;
  return result;
}
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  struct timespec now;
  int result = clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return result;
}
