/* mlp.h - a network with one hidden layer of rectified units, trained by Adam: as much as a benchmark of replay
 * needs to learn with. Float32, one thread, no library.
 *
 * Source: D. Kingma, J. Ba: Adam (2015); weights begin uniform in +-1/sqrt(inputs of the layer).
 */
#ifndef EPI_BENCH_MLP_H
#define EPI_BENCH_MLP_H

#include "bench.h"

typedef struct mlp {
    size_t inputs, hidden, outputs;
    size_t size;          /* of the weights: inputs x hidden, hidden, hidden x outputs, outputs */
    float *weights;
    float *gradient;      /* sum over what was learned from since the last step */
    float *first, *second; /* moments */
    float *active;        /* the hidden layer, of the last forward pass */
    uint64_t steps;
} mlp;

void mlp_make(mlp *made, size_t inputs, size_t hidden, size_t outputs, bench_random *random);
void mlp_free(mlp *freed);
void mlp_copy(mlp *to, const mlp *from); /* the weights */
/* weights = keep x weights + (1 - keep) x from's */
void mlp_average(mlp *to, const mlp *from, float keep);
void mlp_forward(float *outputs, mlp *by, const float *inputs);
/* Adds the gradient of one output's error, right after the forward pass of these inputs. */
void mlp_backward(mlp *by, const float *inputs, size_t output, float error);
/* One step of Adam down the gradient x scale, which is then zero. */
void mlp_step(mlp *by, float rate, float scale);

#endif
