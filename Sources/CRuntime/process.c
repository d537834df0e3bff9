#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "CRuntime.h"

static int count = 0;
static char *const *words = NULL;

// A standard stream that is closed stays as useless as it is, reading and writing it are errors, but no
// file that is opened later gets its number, and with it what is meant for the stream.
static void keep_number(int stream) {
  if (fcntl(stream, F_GETFD) != -1 || errno != EBADF) return;
  int file = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  if (file < 0) file = open("/", O_PATH);
  if (file >= 0 && file != stream) {
    dup2(file, stream);
    close(file);
  }
}

// Before `main`, and before the constructors of most libraries.
__attribute__((constructor(101))) static void begin(int argc, char **argv) {
  count = argc;
  words = argv;
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) keep_number(stream);
}

int lk_argument_count(void) { return count; }

const char *lk_argument(int index) { return words[index]; }

// MARK: signals of failed writes

static const int failed_writes[] = {SIGPIPE, SIGXFSZ};
enum { FAILED_WRITES = sizeof failed_writes / sizeof *failed_writes };
static volatile bool are_ours[FAILED_WRITES];

static bool has_handler(int signal, void (*handler)(int)) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) &&
         action.sa_handler == handler;
}

void lk_ignore_failed_writes(void) {
  for (int i = 0; i < FAILED_WRITES; i++)
    if (has_handler(failed_writes[i], SIG_DFL)) {
      signal(failed_writes[i], SIG_IGN);
      are_ours[i] = true;
    }
}

bool lk_ignores_failed_write(int signal) {
  for (int i = 0; i < FAILED_WRITES; i++)
    if (failed_writes[i] == signal) return are_ours[i] && has_handler(signal, SIG_IGN);
  return false;
}

int lk_obey_failed_writes(void) {
  int changed = 0;
  for (int i = 0; i < FAILED_WRITES; i++)
    if (are_ours[i] && has_handler(failed_writes[i], SIG_IGN)) {
      signal(failed_writes[i], SIG_DFL);
      are_ours[i] = false;
      changed++;
    }
  return changed;
}
