#include "reduce.h"

SUM(sum, PLAIN)
SUM(sum_of_magnitudes, MAGNITUDE)
SUM(sum_of_squares, SQUARE)
REDUCTION(product, float, lanes_t, 1, TIMES, VTIMES, PLAIN, PLAIN)

REDUCTION(integer_sum, int64_t, integers_t, 0, WPLUS, VWPLUS, PLAIN, PLAIN)
REDUCTION(integer_product, int64_t, integers_t, 1, WTIMES, VWTIMES, PLAIN, PLAIN)

REDUCTION(any, uint8_t, bytes_t, 0, EITHER, VEITHER, PLAIN, PLAIN)
REDUCTION(all, uint8_t, bytes_t, 1, BOTH, VBOTH, PLAIN, PLAIN)

KERNEL double lk_sum(ptrdiff_t n, const float *a) { return sum_row(n, a); }
