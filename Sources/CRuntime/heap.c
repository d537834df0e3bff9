#include "CRuntime.h"

#include <malloc.h>

void lk_trim_heap(void) { malloc_trim(0); }
