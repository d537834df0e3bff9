#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CRuntime.h"

// What the child does until it is another program: nothing that may wait for a lock.
static void become(char *const *arguments, int errors, pid_t parent, int report) {
  sigset_t none;
  sigemptyset(&none);
  int input = open("/dev/null", O_RDONLY);
  // What is sent to the parent's process group must come from the parent alone: mpirun that gets a
  // signal twice leaves its ranks behind.
  setpgid(0, 0);
  lk_obey_failed_writes();
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
      sigprocmask(SIG_SETMASK, &none, NULL) == 0 && dup2(input, STDIN_FILENO) >= 0 &&
      dup2(errors, STDERR_FILENO) >= 0)
    execvp(arguments[0], arguments);
  int reason = errno;
  if (write(report, &reason, sizeof reason) < 0) _exit(126);
  _exit(127);
}

int lk_start_job(char *const *arguments, int errors) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) become(arguments, errors, parent, ends[1]);
  int reason = child < 0 ? errno : 0;
  close(ends[1]);
  if (child > 0 && read(ends[0], &reason, sizeof reason) == (ssize_t)sizeof reason)
    waitpid(child, NULL, 0);
  close(ends[0]);
  return reason ? -reason : child;
}
