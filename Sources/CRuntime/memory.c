#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "CRuntime.h"

// The Swift runtime ends a program that gets no memory by a trap, or by abort(). Both come right after the
// C library has said ENOMEM, and from the runtime's own code: that is how they are told from mistakes.

static const int deaths[] = {SIGILL, SIGTRAP, SIGSEGV, SIGABRT};
enum { DEATHS = sizeof deaths / sizeof *deaths };
static struct sigaction others[DEATHS];
static const void *runtime = NULL;
static char sentence[640];
static int status = 0;

void lk_name_in_errors(const char *who) {
  snprintf(sentence, sizeof sentence,
           "error: %.400sout of memory: the system refuses what the program asks for; use smaller batches, "
           "a smaller model or less data, or raise the limit (ulimit -v)\n",
           who);
}

static bool is_of_runtime(const ucontext_t *context) {
#if defined(__x86_64__)
  Dl_info place;
  const void *address = (const void *)context->uc_mcontext.gregs[REG_RIP];
  return dladdr(address, &place) && place.dli_fbase == runtime;
#else
  return true;
#endif
}

static void die(int signal, siginfo_t *info, void *context) {
  const int reason = errno;
  // A null pointer that nobody expected is what functions in C return then.
  const bool is_null = signal == SIGSEGV && (uintptr_t)info->si_addr < 4096;
  if (reason == ENOMEM && (signal == SIGABRT || is_null || is_of_runtime(context))) {
    if (write(STDERR_FILENO, sentence, strlen(sentence)) < 0) _exit(status);
    _exit(status);
  }
  // Whoever else was to hear of it does: the instruction is tried again.
  for (int i = 0; i < DEATHS; i++)
    if (deaths[i] == signal) sigaction(signal, &others[i], NULL);
  if (signal == SIGABRT || signal == SIGTRAP || info->si_code <= 0) raise(signal);
  errno = reason;
}

void lk_report_lost_memory(int exit_status) {
  if (status) return;
  status = exit_status;
  if (!*sentence) lk_name_in_errors("");
  Dl_info place;
  const void *allocator = dlsym(RTLD_DEFAULT, "swift_slowAlloc");
  if (allocator && dladdr(allocator, &place)) runtime = place.dli_fbase;
  struct sigaction action = {.sa_sigaction = die, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < DEATHS; i++) sigaction(deaths[i], &action, &others[i]);
}
