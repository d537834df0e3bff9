#define _GNU_SOURCE
#include <sched.h>
#include <unistd.h>

#include "CKernels.h"

#include <stdatomic.h>

static _Thread_local int32_t no_grad_depth = 0;
static _Thread_local const char *current_operation = NULL;
static atomic_int_least64_t passes = 0;

int32_t *lk_no_grad_depth(void) { return &no_grad_depth; }

const char **lk_current_operation(void) { return &current_operation; }

int64_t lk_next_pass(void) { return atomic_fetch_add(&passes, 1) + 1; }

int lk_available_cores(void) {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
