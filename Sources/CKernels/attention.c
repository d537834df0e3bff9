// Attention of a block of queries: a number for each query and key. Queries lie side by side in the
// lanes, so that the maximum and the sums of a query are those of a lane, and the products read
// keys and values where they are.
#include "rows.h"

/// The keys, of `keys`, that the last of LANES queries sees; the first sees `seen`.
INLINE ptrdiff_t visible_keys(ptrdiff_t keys, ptrdiff_t seen) {
  return keys < seen + LANES ? keys : seen + LANES - 1;
}

/// Puts 0 where none of LANES queries sees a key.
INLINE void clear_invisible(ptrdiff_t keys, ptrdiff_t lanes, float *x, ptrdiff_t seen) {
  for (ptrdiff_t key = visible_keys(keys, seen); key < keys; key++)
    *(lanes_t *)(x + key * lanes) = (lanes_t){0};
}

/// Puts `value` where one of LANES queries does not see a key, and 0 where none does.
INLINE void hide_unseen(ptrdiff_t keys, ptrdiff_t lanes, float *x, ptrdiff_t seen, float value) {
  for (ptrdiff_t key = seen; key < visible_keys(keys, seen); key++)
    for (ptrdiff_t l = 0; l <= key - seen; l++) x[key * lanes + l] = value;
  clear_invisible(keys, lanes, x, seen);
}

KERNEL void lk_attention_softmax(ptrdiff_t keys, ptrdiff_t lanes, float *x, float scale,
                                 const float *mask, ptrdiff_t seen, float *normaliser) {
  // The exponential takes a positive scale along; else it is applied first, with the mask.
  const bool is_late = !mask && scale > 0.0f;
  const float late = is_late ? scale : 1.0f;
  if (!is_late) {
    const ptrdiff_t n = keys * lanes;
    if (mask) INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) x[i] = x[i] * scale + mask[i];
    else INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) x[i] *= scale;
  }
  for (ptrdiff_t first = 0; first < lanes; first += LANES, seen += LANES) {
    float *const column = x + first;
    hide_unseen(keys, lanes, column, seen, -INFINITY);
    const ptrdiff_t visible = visible_keys(keys, seen);
    float top[LANES], sum[LANES];
    for (int l = 0; l < LANES; l++) top[l] = -INFINITY;
    for (ptrdiff_t key = 0; key < visible; key++)
      for (int l = 0; l < LANES; l++)
        top[l] = column[key * lanes + l] > top[l] ? column[key * lanes + l] : top[l];
    for (int l = 0; l < LANES; l++) top[l] = top[l] == -INFINITY ? 0.0f : top[l] * late;
    for (int l = 0; l < LANES; l++) sum[l] = 0.0f;
    for (ptrdiff_t key = 0; key < visible; key++) {
      float e[LANES];
      for (int l = 0; l < LANES; l++)
        e[l] = exp_nonpositive(column[key * lanes + l] * late - top[l]);
      for (int l = 0; l < LANES; l++) column[key * lanes + l] = e[l];
      for (int l = 0; l < LANES; l++) sum[l] += e[l];
    }
    float share[LANES];
    for (int l = 0; l < LANES; l++) share[l] = sum[l] == 0.0f ? 0.0f : 1.0f / sum[l];
    for (ptrdiff_t key = 0; key < visible; key++)
      for (int l = 0; l < LANES; l++) column[key * lanes + l] *= share[l];
    // A query that sees nothing is 0, and stays 0 when it is computed again from infinity.
    for (int l = 0; l < LANES; l++)
      normaliser[first + l] = sum[l] == 0.0f ? INFINITY : top[l] + log_f(sum[l]);
  }
}

KERNEL void lk_attention_probabilities(ptrdiff_t keys, ptrdiff_t lanes, float *x, float scale,
                                       const float *mask, ptrdiff_t seen,
                                       const float *normaliser) {
  for (ptrdiff_t first = 0; first < lanes; first += LANES, seen += LANES) {
    const ptrdiff_t visible = visible_keys(keys, seen);
    float shift[LANES];
    for (int l = 0; l < LANES; l++) shift[l] = normaliser[first + l];
    for (ptrdiff_t key = 0; key < visible; key++) {
      float *const row = x + key * lanes + first, e[LANES];
      if (mask) {
        const float *const m = mask + key * lanes + first;
        for (int l = 0; l < LANES; l++) e[l] = exp_nonpositive(row[l] * scale + m[l] - shift[l]);
      } else {
        for (int l = 0; l < LANES; l++) e[l] = exp_nonpositive(row[l] * scale - shift[l]);
      }
      for (int l = 0; l < LANES; l++) row[l] = e[l];
    }
    hide_unseen(keys, lanes, x + first, seen, 0.0f);
  }
}

KERNEL void lk_attention_gradient(ptrdiff_t keys, ptrdiff_t lanes, const float *p, float *g,
                                  float scale, ptrdiff_t seen) {
  for (ptrdiff_t first = 0; first < lanes; first += LANES, seen += LANES) {
    const ptrdiff_t visible = visible_keys(keys, seen);
    const float *const pc = p + first;
    float *const gc = g + first;
    lanes_t sum = {0};
    for (ptrdiff_t key = 0; key < visible; key++)
      sum += *(const lanes_t *)(pc + key * lanes) * *(const lanes_t *)(gc + key * lanes);
    for (ptrdiff_t key = 0; key < visible; key++) {
      lanes_t *const to = (lanes_t *)(gc + key * lanes);
      *to = scale * *(const lanes_t *)(pc + key * lanes) * (*to - sum);
    }
    clear_invisible(keys, lanes, gc, seen);
  }
}
