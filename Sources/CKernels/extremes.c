#include "reduce.h"

#include <math.h>

REDUCTION(largest, float, lanes_t, -INFINITY, LARGER, VLARGER, PLAIN, PLAIN)
REDUCTION(smallest, float, lanes_t, INFINITY, SMALLER, VSMALLER, PLAIN, PLAIN)
REDUCTION(largest_magnitude, float, lanes_t, 0, LARGER, VLARGER, MAGNITUDE, MAGNITUDE)
REDUCTION(integer_largest, int64_t, integers_t, INT64_MIN, ILARGER, VILARGER, PLAIN, PLAIN)
REDUCTION(integer_smallest, int64_t, integers_t, INT64_MAX, ISMALLER, VISMALLER, PLAIN, PLAIN)

// Elements among which an extreme is looked for one by one.
enum { NEAR = 64 };

/// Where the extremes of the reduction `name` are: WINS(x, s) is whether x takes the place of s.
#define EXTREME(name, T, WINS)                                                                   \
  KERNEL T lk_index_of_##name(ptrdiff_t n, const T *a, int64_t *index) {                         \
    T best = a[0];                                                                               \
    ptrdiff_t block = 0;                                                                         \
    if (n <= NEAR / 2) {                                                                         \
      for (ptrdiff_t i = 1; i < n; i++)                                                          \
        if (WINS(a[i], best)) best = a[block = i];                                               \
      *index = block;                                                                            \
      return best;                                                                               \
    }                                                                                            \
    for (ptrdiff_t i = 0; i < n; i += BLOCK) {                                                   \
      const T s = name##_block(n - i < BLOCK ? n - i : BLOCK, a + i);                            \
      if (WINS(s, best)) {                                                                       \
        best = s;                                                                                \
        block = i;                                                                               \
      }                                                                                          \
    }                                                                                            \
    for (; block + NEAR < n; block += NEAR) {                                                    \
      const T s = name##_block(NEAR, a + block);                                                 \
      if (!(WINS(best, s))) break;                                                               \
    }                                                                                            \
    while (WINS(best, a[block])) block++;                                                        \
    *index = block;                                                                              \
    return best;                                                                                 \
  }                                                                                              \
  KERNEL void lk_index_of_##name##_columns(ptrdiff_t rows, ptrdiff_t columns, const T *a,        \
                                           ptrdiff_t stride, int64_t *out) {                     \
    T best[TILE];                                                                                \
    int32_t place[TILE];                                                                         \
    for (; columns > 0; columns -= TILE, a += TILE, out += TILE) {                               \
      const ptrdiff_t n = columns < TILE ? columns : TILE;                                       \
      for (ptrdiff_t c = 0; c < n; c++) {                                                        \
        best[c] = a[c];                                                                          \
        place[c] = 0;                                                                            \
      }                                                                                          \
      for (ptrdiff_t r = 1; r < rows; r++) {                                                     \
        const T *x = a + r * stride;                                                             \
        const int32_t row = (int32_t)r;                                                          \
        INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) {                                          \
          const bool wins = WINS(x[c], best[c]);                                                 \
          place[c] = wins ? row : place[c];                                                      \
          best[c] = wins ? x[c] : best[c];                                                       \
        }                                                                                        \
      }                                                                                          \
      for (ptrdiff_t c = 0; c < n; c++) out[c] = place[c];                                       \
    }                                                                                            \
  }

#define ABOVE(x, s) (((x) > (s)) | (((x) != (x)) & ((s) == (s))))
#define BELOW(x, s) (((x) < (s)) | (((x) != (x)) & ((s) == (s))))

EXTREME(largest, float, ABOVE)
EXTREME(smallest, float, BELOW)
EXTREME(integer_largest, int64_t, ABOVE)
EXTREME(integer_smallest, int64_t, BELOW)

