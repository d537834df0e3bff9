#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>

#include "CRuntime.h"

/// Where this thread's stack ends, or the last address where the system does not say.
static uintptr_t stack_end(void) {
  static _Thread_local uintptr_t end = 0;
  if (end) return end;
  pthread_attr_t attributes;
  end = UINTPTR_MAX;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    void *start;
    size_t size;
    if (pthread_attr_getstack(&attributes, &start, &size) == 0) end = (uintptr_t)start + size;
    pthread_attr_destroy(&attributes);
  }
  return end;
}

// Reads its callers' frames, and where a caller keeps no frame pointer, whatever is there: the
// address sanitizer may not judge that.
__attribute__((noinline, no_sanitize("address"))) void lk_callers(int count, uintptr_t *addresses) {
  const uintptr_t end = stack_end();
  uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
  for (int i = 0; i < count; i++) {
    addresses[i] = frame ? ((const uintptr_t *)frame)[1] : 0;
    const uintptr_t next = frame ? ((const uintptr_t *)frame)[0] : 0;
    // The stack grows down: what is not a little above the last frame, and on the stack, is none.
    const bool is_frame = next > frame && next - frame < (1 << 20) && next % 8 == 0 &&
                          next <= end - 2 * sizeof next;
    frame = is_frame && addresses[i] ? next : 0;
  }
}
