#define _GNU_SOURCE
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CRuntime.h"

void lk_trim_heap(void) { malloc_trim(0); }

int lk_memory_file(ptrdiff_t bytes) {
  int file = memfd_create("lockstep", MFD_CLOEXEC);
  if (file >= 0 && ftruncate(file, bytes) != 0) {
    close(file);
    return -1;
  }
  return file;
}
