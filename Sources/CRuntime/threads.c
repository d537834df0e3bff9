#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "CRuntime.h"

static _Thread_local int32_t no_grad_depth = 0;
static _Thread_local int32_t anomaly_depth = 0;
static _Thread_local void *current_operation = NULL;
static _Thread_local void *autocast_region = NULL;
static atomic_int_least64_t passes = 0;

int32_t *lk_no_grad_depth(void) { return &no_grad_depth; }

int32_t *lk_anomaly_depth(void) { return &anomaly_depth; }

void **lk_current_operation(void) { return &current_operation; }

void **lk_autocast_region(void) { return &autocast_region; }

int64_t lk_next_pass(void) { return atomic_fetch_add(&passes, 1) + 1; }

void lk_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int lk_available_cores(void) {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
