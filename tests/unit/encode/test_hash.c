/* Tests of the hash encoder: the same words, the same unit vector, for ever; what is spelt alike lies near. */
#include "encode/encode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "math/math.h"

#define DIMENSION 256u

static epi__hash_feature feature(const char *word, float weight) {
    return (epi__hash_feature){{word, strlen(word)}, weight};
}

static bool encode(float *vector, const char *word) {
    epi__hash_feature one = feature(word, 1.0f);
    return epi__hash_encode(vector, DIMENSION, &one, 1);
}

static float cosine(const char *a, const char *b) {
    float x[DIMENSION], y[DIMENSION];
    assert_true(encode(x, a) && encode(y, b));
    return epi__math_dot(x, y, DIMENSION);
}

static void the_same_words_give_the_same_bytes(void **state) {
    (void)state;
    float first[DIMENSION], second[DIMENSION];
    epi__hash_feature words[] = {feature("walnut", 1.0f), feature("gate", 2.5f), feature("naïve", 0.5f)};
    assert_true(epi__hash_encode(first, DIMENSION, words, 3));
    memset(second, 0xAA, sizeof second);
    assert_true(epi__hash_encode(second, DIMENSION, words, 3));
    assert_memory_equal(first, second, sizeof first);
}

/* Stored vectors of one generation must stay comparable: another value here needs another EPI__HASH_GENERATION. */
static void the_vector_of_a_word_is_pinned(void **state) {
    (void)state;
    float vector[DIMENSION];
    int16_t rounded[DIMENSION];
    assert_true(encode(vector, "walnut"));
    for (size_t i = 0; i < DIMENSION; i++) rounded[i] = (int16_t)lrintf(vector[i] * 10000.0f);
    assert_int_equal(EPI__HASH_GENERATION, 1);
    assert_int_equal(epi__hash64(rounded, sizeof rounded), 0x2322906509f45912);
}

static void vectors_have_unit_norm(void **state) {
    (void)state;
    static const size_t dimensions[] = {16, 17, 256, 384, 1000};
    epi__hash_feature words[] = {feature("a", 1.0f), feature("walnut", 3.0f), feature("tree", 0.25f)};
    for (size_t i = 0; i < EPI__COUNT(dimensions); i++) {
        float vector[1000];
        assert_true(epi__hash_encode(vector, dimensions[i], words, 3));
        assert_true(fabsf(epi__math_dot(vector, vector, dimensions[i]) - 1.0f) < 1e-5f);
    }
}

static void a_misspelt_word_is_nearer_than_another_one(void **state) {
    (void)state;
    static const char *const cases[][3] = {{"restaurant", "restuarant", "bicycle"},
                                           {"photography", "fotography", "wednesday"},
                                           {"caroline", "carolin", "melanie"},
                                           {"necessary", "neccessary", "elephant"}};
    for (size_t i = 0; i < EPI__COUNT(cases); i++) {
        float near = cosine(cases[i][0], cases[i][1]), far = cosine(cases[i][0], cases[i][2]);
        if (near <= far) fail_msg("\"%s\": %g is not over %g", cases[i][0], (double)near, (double)far);
    }
}

static void a_heavier_word_pulls_the_vector_to_itself(void **state) {
    (void)state;
    float light[DIMENSION], heavy[DIMENSION], word[DIMENSION];
    epi__hash_feature words[] = {feature("walnut", 1.0f), feature("gate", 1.0f)};
    assert_true(epi__hash_encode(light, DIMENSION, words, 2));
    words[0].weight = 4.0f;
    assert_true(epi__hash_encode(heavy, DIMENSION, words, 2));
    assert_true(encode(word, "walnut"));
    assert_true(epi__math_dot(heavy, word, DIMENSION) > epi__math_dot(light, word, DIMENSION));
}

static void no_words_give_no_vector(void **state) {
    (void)state;
    float vector[DIMENSION], zero[DIMENSION] = {0};
    epi__hash_feature empty = {{NULL, 0}, 1.0f}, weightless = feature("walnut", 0.0f);
    memset(vector, 0xAA, sizeof vector);
    assert_false(epi__hash_encode(vector, DIMENSION, NULL, 0));
    assert_memory_equal(vector, zero, sizeof zero);
    assert_false(epi__hash_encode(vector, DIMENSION, &empty, 1));
    assert_false(epi__hash_encode(vector, DIMENSION, &weightless, 1));
}

static void words_of_any_size_are_taken(void **state) {
    (void)state;
    char word[300];
    float vector[DIMENSION];
    memset(word, 'x', sizeof word);
    for (size_t size = 1; size < sizeof word; size++) {
        epi__hash_feature one = {{word, size}, 1.0f};
        assert_true(epi__hash_encode(vector, DIMENSION, &one, 1));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_words_give_the_same_bytes),
        cmocka_unit_test(the_vector_of_a_word_is_pinned),
        cmocka_unit_test(vectors_have_unit_norm),
        cmocka_unit_test(a_misspelt_word_is_nearer_than_another_one),
        cmocka_unit_test(a_heavier_word_pulls_the_vector_to_itself),
        cmocka_unit_test(no_words_give_no_vector),
        cmocka_unit_test(words_of_any_size_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
