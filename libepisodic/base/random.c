/* random.c - reproducible random numbers: the same seed gives the same numbers on every machine.
 *
 * Idea: xoshiro256**, its four words filled from one seed by splitmix64 so that seeds 0, 1, 2 ... are unrelated
 * streams. Not for secrets.
 * Ownership: the state is the caller's; copying it forks the stream.
 * Source: Blackman and Vigna, Scrambled linear pseudorandom number generators (2018); Steele, Lea and Flood, Fast
 * splittable pseudorandom number generators (2014); normals by Marsaglia's polar method (1964).
 */
#include "base.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

epi__random epi__random_seed(uint64_t seed) {
    epi__random random;
    for (size_t i = 0; i < EPI__COUNT(random.state); i++) random.state[i] = splitmix(&seed);
    return random;
}

static uint64_t rotate(uint64_t x, unsigned bits) {
    return x << bits | x >> (64 - bits);
}

uint64_t epi__random_next(epi__random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

/* The lowest 2^64 mod bound numbers are drawn again: what is left divides evenly. */
uint64_t epi__random_below(epi__random *random, uint64_t bound) {
    assert(bound > 0);
    uint64_t surplus = (0 - bound) % bound;
    uint64_t number;
    do {
        number = epi__random_next(random);
    } while (number < surplus);
    return number % bound;
}

double epi__random_unit(epi__random *random) {
    return (double)(epi__random_next(random) >> 11) * 0x1p-53;
}

/* The method's second number is thrown away, so that the state is all there is. */
double epi__random_normal(epi__random *random) {
    double x, y, square;
    do {
        x = 2.0 * epi__random_unit(random) - 1.0;
        y = 2.0 * epi__random_unit(random) - 1.0;
        square = x * x + y * y;
    } while (square >= 1.0 || square <= 0.0);
    return x * sqrt(-2.0 * log(square) / square);
}
