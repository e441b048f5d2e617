/* mlp.c - see mlp.h. Loops run along rows of weights, so that compilers make them wide; inputs and units that are 0
 * are skipped. */
#include "mlp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BETA1 0.9f
#define BETA2 0.999f
#define EPSILON 1e-8f

/* Where the parts of the weights begin. */
static size_t hidden_bias(const mlp *of) {
    return of->inputs * of->hidden;
}
static size_t output_weights(const mlp *of) {
    return hidden_bias(of) + of->hidden;
}
static size_t output_bias(const mlp *of) {
    return output_weights(of) + of->hidden * of->outputs;
}

static void spread(float *weights, size_t count, size_t inputs, bench_random *random) {
    const double width = 1 / sqrt((double)inputs);
    for (size_t i = 0; i < count; i++) weights[i] = (float)((2 * bench_random_unit(random) - 1) * width);
}

void mlp_make(mlp *made, size_t inputs, size_t hidden, size_t outputs, bench_random *random) {
    *made = (mlp){.inputs = inputs, .hidden = hidden, .outputs = outputs};
    made->size = output_bias(made) + outputs;
    made->weights = bench_alloc(made->size, sizeof(float));
    made->gradient = bench_alloc(made->size, sizeof(float));
    made->first = bench_alloc(made->size, sizeof(float));
    made->second = bench_alloc(made->size, sizeof(float));
    made->active = bench_alloc(hidden, sizeof(float));
    spread(made->weights, output_weights(made), inputs, random);
    spread(made->weights + output_weights(made), made->size - output_weights(made), hidden, random);
}

void mlp_free(mlp *freed) {
    free(freed->weights);
    free(freed->gradient);
    free(freed->first);
    free(freed->second);
    free(freed->active);
    *freed = (mlp){0};
}

void mlp_copy(mlp *to, const mlp *from) {
    memcpy(to->weights, from->weights, to->size * sizeof(float));
}

void mlp_average(mlp *to, const mlp *from, float keep) {
    for (size_t i = 0; i < to->size; i++) to->weights[i] = keep * to->weights[i] + (1 - keep) * from->weights[i];
}

static void add_row(float *restrict to, const float *restrict row, float factor, size_t count) {
    for (size_t i = 0; i < count; i++) to[i] += factor * row[i];
}

void mlp_forward(float *outputs, mlp *by, const float *inputs) {
    const float *last = by->weights + output_weights(by);
    memcpy(by->active, by->weights + hidden_bias(by), by->hidden * sizeof(float));
    for (size_t i = 0; i < by->inputs; i++)
        if (inputs[i] < 0 || inputs[i] > 0) add_row(by->active, by->weights + i * by->hidden, inputs[i], by->hidden);
    memcpy(outputs, by->weights + output_bias(by), by->outputs * sizeof(float));
    for (size_t h = 0; h < by->hidden; h++) {
        if (by->active[h] > 0) add_row(outputs, last + h * by->outputs, by->active[h], by->outputs);
        else by->active[h] = 0;
    }
}

void mlp_backward(mlp *by, const float *inputs, size_t output, float error) {
    const float *last = by->weights + output_weights(by);
    float *to = by->gradient + output_weights(by), *unit = by->active;
    by->gradient[output_bias(by) + output] += error;
    for (size_t h = 0; h < by->hidden; h++) {
        to[h * by->outputs + output] += error * unit[h];
        unit[h] = unit[h] > 0 ? error * last[h * by->outputs + output] : 0; /* from here on the unit's error */
    }
    add_row(by->gradient + hidden_bias(by), unit, 1, by->hidden);
    for (size_t i = 0; i < by->inputs; i++)
        if (inputs[i] < 0 || inputs[i] > 0) add_row(by->gradient + i * by->hidden, unit, inputs[i], by->hidden);
}

void mlp_step(mlp *by, float rate, float scale) {
    float *restrict weights = by->weights, *restrict gradient = by->gradient;
    float *restrict first = by->first, *restrict second = by->second;
    by->steps++;
    const double t = (double)by->steps;
    const float size = rate * (float)(sqrt(1 - pow((double)BETA2, t)) / (1 - pow((double)BETA1, t)));
    for (size_t i = 0; i < by->size; i++) {
        const float slope = scale * gradient[i];
        first[i] = BETA1 * first[i] + (1 - BETA1) * slope;
        second[i] = BETA2 * second[i] + (1 - BETA2) * slope * slope;
        weights[i] -= size * first[i] / (sqrtf(second[i]) + EPSILON);
        gradient[i] = 0;
    }
}
