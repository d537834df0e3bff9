#include "kernel.h"

KERNEL void lk_add_rows(ptrdiff_t n, ptrdiff_t columns, const float *a, const int64_t *index,
                        ptrdiff_t skipped, float *out, ptrdiff_t stride) {
  for (ptrdiff_t k = 0; k < n; k++) {
    if (index[k] == skipped) continue;
    const float *from = a + k * stride;
    float *to = out + index[k] * stride;
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) to[c] += from[c];
  }
}
