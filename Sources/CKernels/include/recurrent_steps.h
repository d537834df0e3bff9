// Steps of recurrent cells (recurrent.c); included by CKernels.h.
//
// x and u are the shares of input and state in the gates, b, where given, is added to u. Rows are
// contiguous and hold `size` units, those of x and u a number for each unit of one gate, then the
// next. Of a gradient, gh and gc are what the results are used for outside of the steps, the
// carries what the next step hands back.
#ifndef LOCKSTEP_RECURRENT_STEPS_H
#define LOCKSTEP_RECURRENT_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#pragma clang assume_nonnull begin

/// h = tanh(x + u + b), or max(x + u + b, 0).
void lk_rnn_step(ptrdiff_t rows, ptrdiff_t size, const float *x, const float *u,
                 const float *_Nullable b, bool relu, float *h);
/// du = the gradient of x and u.
void lk_rnn_step_gradient(ptrdiff_t rows, ptrdiff_t size, const float *h, bool relu,
                          const float *gh, const float *carry, float *du);
/// Gates input, forget, cell, output; c = forget c0 + input cell, h = output tanh(c). The gates,
/// activated, are kept in a.
void lk_lstm_step(ptrdiff_t rows, ptrdiff_t size, const float *x, const float *u,
                  const float *_Nullable b, const float *c0, float *a, float *h, float *c);
/// du = the gradient of x and u; carry_c becomes that of c0.
void lk_lstm_step_gradient(ptrdiff_t rows, ptrdiff_t size, const float *a, const float *c0,
                           const float *c, const float *gh, const float *gc, const float *carry_h,
                           float *carry_c, float *du);
/// Gates reset, update, new = tanh(x + reset (u + b)); h = (1 - update) new + update h0. In a are
/// kept the three, and u + b of the last: four numbers for each unit.
void lk_gru_step(ptrdiff_t rows, ptrdiff_t size, const float *x, const float *u,
                 const float *_Nullable b, const float *h0, float *a, float *h);
/// dx and du = the gradients of x and u; carry becomes that of h0, but for its share in u.
void lk_gru_step_gradient(ptrdiff_t rows, ptrdiff_t size, const float *a, const float *h0,
                          const float *gh, float *carry, float *dx, float *du);

#pragma clang assume_nonnull end

#endif
