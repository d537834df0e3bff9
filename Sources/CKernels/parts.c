#include "kernel.h"

// Four cache lines of every part at a time.
enum { LINES = 4, STRETCH = LINES * LANES };
// Elements that are fetched ahead: other cores have just written them, which the hardware's own
// prefetching does not hide. Saves a tenth from 512 KB on.
enum { AHEAD = 512 };

// Memory is the limit: nothing is read or written twice. Sums are written in the usual way, because
// they come from lines that are in the cache already and are soon used again.
KERNEL void lk_sum_parts(ptrdiff_t n, ptrdiff_t start, float *const *parts, ptrdiff_t count,
                         float factor, float *const *targets, ptrdiff_t target_count) {
  ptrdiff_t i = start;
  const ptrdiff_t end = start + n;
  for (; i + STRETCH <= end; i += STRETCH) {
    lanes_t sum[LINES];
    for (ptrdiff_t p = 0; p < count; p++)
      for (int l = 0; l < LINES; l++) {
        const float *line = parts[p] + i + l * LANES;
        __builtin_prefetch(line + AHEAD);
        const lanes_t value = *(const lanes_t *)line;
        sum[l] = p == 0 ? value : sum[l] + value;
      }
    for (int l = 0; l < LINES; l++) sum[l] *= factor;
    for (ptrdiff_t t = 0; t < target_count; t++)
      for (int l = 0; l < LINES; l++) *(lanes_t *)(targets[t] + i + l * LANES) = sum[l];
  }
  for (; i < end; i++) {
    float sum = parts[0][i];
    for (ptrdiff_t p = 1; p < count; p++) sum += parts[p][i];
    sum *= factor;
    for (ptrdiff_t t = 0; t < target_count; t++) targets[t][i] = sum;
  }
}
