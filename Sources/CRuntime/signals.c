#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "CRuntime.h"

// What signals ask for. Lock-free atomics may be written by a handler on any thread.
static int stop_signal;
static int save_requests;

static void request(int signal_number) {
  if (signal_number == SIGUSR2) {
    __atomic_add_fetch(&save_requests, 1, __ATOMIC_RELAXED);
    return;
  }
  int before = __atomic_exchange_n(&stop_signal, signal_number, __ATOMIC_RELAXED);
  // Who asks twice at the keyboard does not want to wait.
  if (before == SIGINT && signal_number == SIGINT) {
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
  }
}

static const int caught[] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
enum { CAUGHT = sizeof caught / sizeof *caught };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// How many runs heed signals, and how these were handled before the first.
static int heeding;
static struct sigaction before[CAUGHT];

void lk_catch_requests(void) {
  pthread_mutex_lock(&lock);
  if (heeding++ == 0) {
    __atomic_store_n(&stop_signal, 0, __ATOMIC_RELAXED);
    // A parent whose thread blocks signals, as those of thread pools do, passes that on.
    sigset_t all;
    sigemptyset(&all);
    for (int i = 0; i < CAUGHT; i++) sigaddset(&all, caught[i]);
    pthread_sigmask(SIG_UNBLOCK, &all, NULL);
    for (int i = 0; i < CAUGHT; i++) {
      struct sigaction action = {.sa_handler = request, .sa_flags = SA_RESTART};
      sigemptyset(&action.sa_mask);
      sigaction(caught[i], NULL, &before[i]);
      // What was ignored from the start, as SIGINT of a job in the background, stays so.
      if (before[i].sa_handler != SIG_IGN) sigaction(caught[i], &action, NULL);
    }
  }
  pthread_mutex_unlock(&lock);
}

void lk_leave_requests(void) {
  pthread_mutex_lock(&lock);
  if (--heeding == 0)
    for (int i = 0; i < CAUGHT; i++) sigaction(caught[i], &before[i], NULL);
  pthread_mutex_unlock(&lock);
}

int lk_stop_signal(void) { return __atomic_load_n(&stop_signal, __ATOMIC_RELAXED); }

int lk_save_requests(void) { return __atomic_load_n(&save_requests, __ATOMIC_RELAXED); }
