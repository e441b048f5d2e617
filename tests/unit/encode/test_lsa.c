/* Tests of the learned encoder: words of one company lie near each other, others do not; the same texts and seed give
 * the same vectors; a text is the sum of its words.
 */
#include "encode/lsa.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "math/math.h"

#define DIMENSION 4u

static void add(epi__lsa_trainer *trainer, const char *text, bool follows) {
    bool full = true;
    assert_int_equal(EPI_OK, epi__lsa_trainer_add(&full, trainer, text, strlen(text), follows));
    assert_false(full);
}

static epi_encoder train(const char *const *texts, size_t count, bool follows, uint64_t seed) {
    epi__lsa_trainer *trainer = NULL;
    epi__lsa *model = NULL;
    assert_int_equal(EPI_OK, epi__lsa_trainer_new(&trainer, NULL));
    for (size_t i = 0; i < count; i++) add(trainer, texts[i], follows && i > 0);
    assert_int_equal(epi__lsa_trainer_count(trainer), count);
    assert_int_equal(EPI_OK, epi__lsa_trainer_run(&model, trainer, DIMENSION, seed));
    epi__lsa_trainer_free(trainer);
    return epi__lsa_encoder(model, "training 1");
}

static bool encode(float *vector, const epi_encoder *encoder, const char *text) {
    epi_encoder_text one = {text, strlen(text)};
    memset(vector, 0, DIMENSION * sizeof *vector);
    assert_int_equal(EPI_OK, encoder->encode(encoder->context, vector, &one, 1));
    float norm = epi__math_dot(vector, vector, DIMENSION);
    assert_true(norm == 0.0f || fabsf(norm - 1.0f) < 1e-5f);
    return norm > 0.0f;
}

static float cosine(const epi_encoder *encoder, const char *a, const char *b) {
    float x[DIMENSION], y[DIMENSION];
    assert_true(encode(x, encoder, a) && encode(y, encoder, b));
    return epi__math_dot(x, y, DIMENSION);
}

/* Two companies without a word in common, of which "oven" and "flour" never stand in one text. */
static const char *const kitchen_and_harbour[] = {
    "bread oven",  "bread flour",  "yeast oven bread",  "yeast flour bread",  "dough yeast",
    "ship anchor", "ship captain", "harbour ship anchor", "harbour captain ship", "harbour rope rope",
    "dough bread", "rope ship",
};

static void words_of_one_company_lie_near_each_other(void **state) {
    (void)state;
    epi_encoder encoder = train(kitchen_and_harbour, 12, false, 1);
    assert_true(cosine(&encoder, "oven", "flour") > 0.5f);
    assert_true(cosine(&encoder, "anchor", "captain") > 0.5f);
    assert_true(fabsf(cosine(&encoder, "oven", "anchor")) < 0.05f);
    assert_true(fabsf(cosine(&encoder, "bread and yeast", "the rope of a ship")) < 0.05f);
    epi_encoder_close(&encoder);
}

/* A matrix of orthogonal columns is its own decomposition: words that always stand together have one direction. */
static void a_known_matrix_gives_its_own_vectors(void **state) {
    (void)state;
    static const char *const texts[] = {"amber basalt", "amber basalt", "cobalt", "cobalt",
                                        "cobalt",       "damask",       "damask"};
    epi_encoder encoder = train(texts, 7, false, 3);
    assert_true(cosine(&encoder, "amber", "basalt") > 0.9999f);
    assert_true(fabsf(cosine(&encoder, "amber", "cobalt")) < 1e-4f);
    assert_true(fabsf(cosine(&encoder, "cobalt", "damask")) < 1e-4f);
    epi_encoder_close(&encoder);
}

/* Turns of one word each: what they have in common is who their neighbours are. */
static void neighbours_lend_their_words(void **state) {
    (void)state;
    static const char *const words[2][6] = {{"violin", "orchestra", "cello", "concert", "flute", "opera"},
                                            {"ship", "anchor", "harbour", "captain", "rope", "deck"}};
    epi__lsa_trainer *trainer = NULL;
    epi__lsa *model = NULL;
    assert_int_equal(EPI_OK, epi__lsa_trainer_new(&trainer, NULL));
    for (size_t i = 0; i < 240; i++) add(trainer, words[i / 12 % 2][i * 7 / 3 % 6], i % 12 > 0);
    assert_int_equal(EPI_OK, epi__lsa_trainer_run(&model, trainer, DIMENSION, 1));
    epi__lsa_trainer_free(trainer);
    epi_encoder encoder = epi__lsa_encoder(model, NULL);
    for (size_t i = 0; i < 6; i++) {
        float nearest = 0.0f;
        for (size_t j = 0; j < 6; j++) {
            assert_true(fabsf(cosine(&encoder, words[0][i], words[1][j])) < 0.05f);
            if (j != i) nearest = fmaxf(nearest, cosine(&encoder, words[0][i], words[0][j]));
        }
        assert_true(nearest > 0.5f);
    }
    epi_encoder_close(&encoder);
}

static void the_same_texts_and_seed_give_the_same_bytes(void **state) {
    (void)state;
    epi_encoder first = train(kitchen_and_harbour, 12, true, 5), second = train(kitchen_and_harbour, 12, true, 5);
    for (size_t i = 0; i < 12; i++) {
        float x[DIMENSION], y[DIMENSION];
        assert_true(encode(x, &first, kitchen_and_harbour[i]) && encode(y, &second, kitchen_and_harbour[i]));
        assert_memory_equal(x, y, sizeof x);
    }
    epi_encoder_close(&first);
    epi_encoder_close(&second);
}

/* Other seeds turn nothing: the space that is found is the same, so angles are. */
static void the_seed_does_not_change_what_is_near(void **state) {
    (void)state;
    epi_encoder first = train(kitchen_and_harbour, 12, true, 5), second = train(kitchen_and_harbour, 12, true, 6);
    for (size_t i = 1; i < 12; i++) {
        float x = cosine(&first, kitchen_and_harbour[0], kitchen_and_harbour[i]);
        assert_true(fabsf(x - cosine(&second, kitchen_and_harbour[0], kitchen_and_harbour[i])) < 1e-3f);
    }
    epi_encoder_close(&first);
    epi_encoder_close(&second);
}

/* A text folds in as the sum of its words' vectors, each by ln(1 + how often). */
static void a_text_is_the_sum_of_its_words(void **state) {
    (void)state;
    epi__lsa *model = NULL;
    float words[2][DIMENSION] = {{3, 0, 1, 0}, {0, 2, 0, 0}}, expected[DIMENSION], got[DIMENSION];
    assert_int_equal(EPI_OK, epi__lsa_new(&model, DIMENSION, 2, NULL));
    assert_int_equal(EPI_OK, epi__lsa_put(model, (epi__view){"walnut", 6}, words[0]));
    assert_int_equal(EPI_OK, epi__lsa_put(model, (epi__view){"gate", 4}, words[1]));
    assert_int_equal(EPI_EDAMAGED, epi__lsa_put(model, (epi__view){"more", 4}, words[1]));
    assert_int_equal(epi__lsa_count(model), 2);
    epi_encoder encoder = epi__lsa_encoder(model, NULL);
    for (size_t d = 0; d < DIMENSION; d++) expected[d] = logf(3.0f) * words[0][d] + logf(2.0f) * words[1][d];
    assert_true(epi__math_normalise(expected, DIMENSION));
    assert_true(encode(got, &encoder, "The walnuts, a gate and WALNUT with unheard of things"));
    for (size_t d = 0; d < DIMENSION; d++) assert_true(fabsf(got[d] - expected[d]) < 1e-6f);
    assert_false(encode(got, &encoder, "nothing known, the and of"));
    epi_encoder_close(&encoder);
}

static void nothing_is_learned_from_words_that_stand_alone(void **state) {
    (void)state;
    epi__lsa_trainer *trainer = NULL;
    epi__lsa *model = NULL;
    assert_int_equal(EPI_OK, epi__lsa_trainer_new(&trainer, NULL));
    add(trainer, "one walnut", false);
    add(trainer, "", true);
    add(trainer, "another gate", true);
    assert_int_equal(EPI_ENOTFOUND, epi__lsa_trainer_run(&model, trainer, DIMENSION, 1));
    assert_null(model);
    epi__lsa_trainer_free(trainer);
}

static void the_wish_encodes_nothing(void **state) {
    (void)state;
    float vector[EPI_LSA_DIMENSION_DEFAULT] = {0};
    epi_encoder_text text = {"walnut", 6};
    epi_encoder wish;
    assert_int_equal(EPI_ELIMIT, epi_encoder_lsa(&wish, 1));
    assert_int_equal(EPI_ELIMIT, epi_encoder_lsa(&wish, EPI_LSA_DIMENSION_MAX + 1));
    assert_int_equal(EPI_EINVAL, epi_encoder_lsa(NULL, 0));
    assert_int_equal(EPI_OK, epi_encoder_lsa(&wish, 0));
    assert_int_equal(wish.dimension, EPI_LSA_DIMENSION_DEFAULT);
    assert_true(epi__lsa_is_wish(&wish));
    assert_int_equal(EPI_EUNSUPPORTED, wish.encode(wish.context, vector, &text, 1));
    epi_encoder_close(&wish);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_one_company_lie_near_each_other),
        cmocka_unit_test(a_known_matrix_gives_its_own_vectors),
        cmocka_unit_test(neighbours_lend_their_words),
        cmocka_unit_test(the_same_texts_and_seed_give_the_same_bytes),
        cmocka_unit_test(the_seed_does_not_change_what_is_near),
        cmocka_unit_test(a_text_is_the_sum_of_its_words),
        cmocka_unit_test(nothing_is_learned_from_words_that_stand_alone),
        cmocka_unit_test(the_wish_encodes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
