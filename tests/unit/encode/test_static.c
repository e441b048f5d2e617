/* Tests of the static encoder on files made by hand: what it makes of a sound model, and that each of some two hundred
 * damaged ones is refused with a line that says why, or serves without harm.
 */
#include "encode/encode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "quick.h"

#define ROWS 6u
#define COLUMNS 4u

static char directory[64];

static const char TOKENIZER[] =
    "{\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
    "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"vocab\":"
    "{\"[UNK]\":0,\"wal\":1,\"##nut\":2,\"tree\":3,\"grün\":4,\"!\":5}}}";
static const char HEADER[] = "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]}}";
static const float TABLE[ROWS][COLUMNS] = {{9, 9, 9, 9}, {1, 0, 0, 0}, {0, 1, 0, 0},
                                           {0, 0, 2, 0}, {0, 0, 0, 1}, {0, 0, 0, 3}};

static void write_file(const char *name, const void *data, size_t size) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    (void)unlink(path);
}

/* A safetensors file with the header as it is given. */
static size_t tensors(uint8_t *out, const char *header, const void *data, size_t size) {
    uint64_t length = strlen(header);
    memcpy(out, &length, 8);
    memcpy(out + 8, header, length);
    memcpy(out + 8 + length, data, size);
    return 8 + (size_t)length + size;
}

static void write_tensors(const char *header, const void *data, size_t size) {
    uint8_t bytes[4096];
    write_file("model.safetensors", bytes, tensors(bytes, header, data, size));
}

static void write_sound(void) {
    write_file("tokenizer.json", TOKENIZER, sizeof TOKENIZER - 1);
    write_tensors(HEADER, TABLE, sizeof TABLE);
    remove_file("embeddings.npy");
    remove_file("weights.npy");
}

static int setup(void **state) {
    (void)state;
    const char *parent = getenv("TMPDIR");
    (void)snprintf(directory, sizeof directory, "%s/episodic-static-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(directory)) return -1;
    write_sound();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    static const char *const names[] = {"tokenizer.json", "model.safetensors", "embeddings.npy", "weights.npy"};
    for (size_t i = 0; i < EPI__COUNT(names); i++) remove_file(names[i]);
    return rmdir(directory);
}

static epi_status encode(float vector[COLUMNS], const epi_encoder *encoder, const char *text) {
    epi_encoder_text one = {text, strlen(text)};
    memset(vector, 0, COLUMNS * sizeof *vector);
    return encoder->encode(encoder->context, vector, &one, 1);
}

static void assert_vector(const epi_encoder *encoder, const char *text, float a, float b, float c, float d) {
    float vector[COLUMNS], expected[COLUMNS] = {a, b, c, d};
    float norm = sqrtf(a * a + b * b + c * c + d * d);
    assert_int_equal(encode(vector, encoder, text), EPI_OK);
    for (size_t i = 0; i < COLUMNS; i++) assert_true(fabsf(vector[i] - (norm > 0 ? expected[i] / norm : 0)) < 1e-6f);
}

/* ---- sound models ------------------------------------------------------------------------------------------------ */

static void a_text_is_the_mean_of_its_tokens(void **state) {
    (void)state;
    epi_encoder encoder;
    write_sound();
    assert_int_equal(epi_encoder_static(&encoder, directory), EPI_OK);
    assert_int_equal(encoder.dimension, COLUMNS);
    assert_string_equal(encoder.name, "static");
    assert_vector(&encoder, "tree", 0, 0, 1, 0);
    assert_vector(&encoder, "Walnut", 1, 1, 0, 0);
    assert_vector(&encoder, "walnut TREE", 1, 1, 2, 0);
    assert_vector(&encoder, "walnut, tree!", 1, 1, 2, 3);
    assert_vector(&encoder, "unheard of", 0, 0, 0, 0); /* no token: no vector */
    assert_vector(&encoder, "", 0, 0, 0, 0);
    epi_encoder again;
    assert_int_equal(epi_encoder_static(&again, directory), EPI_OK);
    assert_string_equal(encoder.parameters, again.parameters);
    epi_encoder_close(&again);
    epi_encoder_close(&encoder);
}

static void another_table_is_another_encoder(void **state) {
    (void)state;
    epi_encoder one, other;
    float changed[ROWS][COLUMNS];
    write_sound();
    assert_int_equal(epi_encoder_static(&one, directory), EPI_OK);
    memcpy(changed, TABLE, sizeof changed);
    changed[3][1] = 0.5f;
    remove_file("model.safetensors"); /* not over the mapped one */
    write_tensors(HEADER, changed, sizeof changed);
    assert_int_equal(epi_encoder_static(&other, directory), EPI_OK);
    assert_string_not_equal(one.parameters, other.parameters);
    epi_encoder_close(&one);
    epi_encoder_close(&other);
}

static size_t npy(uint8_t *out, const char *dictionary, const void *data, size_t size) {
    uint16_t length = (uint16_t)strlen(dictionary);
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    memcpy(out + 8, &length, 2);
    memcpy(out + 10, dictionary, length);
    memcpy(out + 10 + length, data, size);
    return 10u + length + size;
}

static void tables_may_be_npy_with_weights(void **state) {
    (void)state;
    uint8_t bytes[1024];
    epi_encoder encoder;
    static const float weights[ROWS] = {1, 2, 1, 1, 1, 1};
    write_sound();
    remove_file("model.safetensors");
    size_t size = npy(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 4), }\n", TABLE, sizeof TABLE);
    write_file("embeddings.npy", bytes, size);
    size = npy(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }\n", weights, sizeof weights);
    write_file("weights.npy", bytes, size);
    assert_int_equal(epi_encoder_static(&encoder, directory), EPI_OK);
    assert_vector(&encoder, "walnut", 2, 1, 0, 0);
    epi_encoder_close(&encoder);
}

/* ---- damaged ones ------------------------------------------------------------------------------------------------ */

static unsigned cases;

static void assert_refused(const char *what) {
    epi_encoder encoder;
    epi_status status = epi_encoder_static(&encoder, directory);
    if (!status) epi_encoder_close(&encoder);
    if (!status) fail_msg("%s was opened", what);
    const epi_error *error = epi_error_last();
    assert_int_equal(error->status, status);
    if (status == EPI_EINTERNAL || status == EPI_ENOMEM || !error->message[0] || strchr(error->message, '\n'))
        fail_msg("%s: %s, \"%s\"", what, epi_status_name(status), error->message);
    cases++;
}

static void a_cut_file_is_refused_wherever_it_is_cut(void **state) {
    (void)state;
    uint8_t bytes[1024];
    size_t size = tensors(bytes, HEADER, TABLE, sizeof TABLE);
    for (size_t i = 0; i < 60; i++) {
        write_sound();
        write_file("tokenizer.json", TOKENIZER, (sizeof TOKENIZER - 2) * i / 60);
        assert_refused("a cut tokenizer");
        write_sound();
        write_file("model.safetensors", bytes, (size - 1) * i / 60);
        assert_refused("a cut table");
    }
}

static const char *const HEADERS[] = {
    "",
    "{}",
    "[]",
    "7",
    "null",
    "{\"embeddings\":7}",
    "{\"embeddings\":{}}",
    "{\"embeddings\":[]}",
    "{\"other\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"shape\":[6,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":7,\"shape\":[6,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"Q4\",\"shape\":[6,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"I32\",\"shape\":[6,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F16\",\"shape\":[6,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[24],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,2,2],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[0,0]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,-4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4.5],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[\"6\",4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,5],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[4,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[3,8],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[2147483648,2147483648],\"data_offsets\":[0,0]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9223372036854775807],\"data_offsets\":[0,96]"
    "}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[1e300,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[96,0]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[-96,0]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[4,100]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,9223372036854775807]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[9223372036854775000,9223372036854775096]}"
    "}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0.5,96.5]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":{\"0\":96}}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]},"
    "\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]},"
    "\"weights\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,20]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]},"
    "\"weights\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,20]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]},"
    "\"weights\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]},"
    "\"mapping\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24]}}", /* 9, a row that is not there */
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]}} and more",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,96]}",
    "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[6,4],\"data_offsets\":[0,NaN]}}",
    "\xff\xfe",
    "{\"\xc3\":1}",
};

static void impossible_headers_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < EPI__COUNT(HEADERS); i++) {
        write_sound();
        write_tensors(HEADERS[i], TABLE, sizeof TABLE);
        assert_refused(HEADERS[i]);
    }
    static const uint64_t sizes[] = {0,         1, 107, 108, 4096, 1ull << 31, 1ull << 32, 1ull << 62, UINT64_MAX - 7,
                                     UINT64_MAX};
    for (size_t i = 0; i < EPI__COUNT(sizes); i++) {
        uint8_t bytes[1024];
        size_t size = tensors(bytes, HEADER, TABLE, sizeof TABLE);
        memcpy(bytes, &sizes[i], 8);
        write_sound();
        write_file("model.safetensors", bytes, size);
        assert_refused("a header of another size");
    }
}

static const char *const TOKENIZERS[] = {
    "",
    " ",
    "null",
    "[]",
    "7",
    "{}",
    "{\"model\":null}",
    "{\"model\":[]}",
    "{\"model\":{}}",
    "{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0}}}",
    "{\"model\":{\"type\":\"WordPiece\"}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":[\"a\"]}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":-1}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":6}}}", /* the table has 6 rows */
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":4294967296}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":18446744073709551615}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0.5}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":\"0\"}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":null}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0,\"a\":1}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"##a\":0,\"##a\":1}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"max_input_chars_per_word\":0,\"vocab\":{\"a\":0}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"max_input_chars_per_word\":-7,\"vocab\":{\"a\":0}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"max_input_chars_per_word\":1e30,\"vocab\":{\"a\":0}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"continuing_subword_prefix\":7,\"vocab\":{\"a\":0}}}",
    "{\"model\":{\"type\":\"WordPiece\",\"unk_token\":[],\"vocab\":{\"a\":0}}}",
    "{\"model\":{\"type\":\"Unigram\"}}",
    "{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}",
    "{\"model\":{\"type\":\"Unigram\",\"vocab\":{\"a\":0}}}",
    "{\"model\":{\"type\":\"Unigram\",\"vocab\":[\"a\"]}}",
    "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\"]]}}",
    "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[1,\"a\"]]}}",
    "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",\"b\"]]}}",
    "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",1e999]]}}",
    "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0],[\"a\",0]]}}",
    "{\"model\":{\"type\":\"Unigram\",\"unk_id\":7,\"vocab\":[[\"a\",0]]}}",
    "{\"model\":{\"type\":\"Unigram\",\"unk_id\":-1,\"vocab\":[[\"a\",0]]}}",
    "{\"model\":{\"type\":\"BPE\",\"merges\":[]}}",
    "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}",
    "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a a\"]}}",
    "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a\"]}}",
    "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\" a\"]}}",
    "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[7]}}",
    "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"a\"]]}}",
    "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"end_of_word_suffix\":\"</w>\"}}",
    "{\"normalizer\":{},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"normalizer\":{\"type\":\"Nmt\"},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"normalizer\":{\"type\":\"Replace\"},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\".*\"}},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"}},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"normalizer\":{\"type\":\"Prepend\",\"prepend\":7},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[7]},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"pre_tokenizer\":{\"type\":\"Split\"},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"pre_tokenizer\":7,\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":7},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{}]},\"model\":{\"vocab\":{\"a\":0}}}",
    "{\"model\":{\"vocab\":{\"\xff\":0}}}",
    "{\"model\":{\"vocab\":{\"\\u0000\":0}}}",
};

static void impossible_tokenizers_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < EPI__COUNT(TOKENIZERS); i++) {
        write_sound();
        write_file("tokenizer.json", TOKENIZERS[i], strlen(TOKENIZERS[i]));
        assert_refused(TOKENIZERS[i]);
    }
    epi__buffer deep = {0};
    for (int i = 0; i < 5000; i++) epi__buffer_append_text(&deep, "{\"model\":[");
    write_file("tokenizer.json", deep.data, deep.size);
    assert_refused("a deep tokenizer");
    epi__buffer_clear(&deep);
    epi__buffer_append_text(&deep, "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"}");
    for (int i = 0; i < 100; i++) epi__buffer_append_text(&deep, ",{\"type\":\"NFC\"}");
    epi__buffer_append_text(&deep, "]},\"model\":{\"vocab\":{\"a\":0}}}");
    write_file("tokenizer.json", deep.data, deep.size);
    assert_refused("a hundred normalizers");
    epi__buffer_dispose(&deep);
}

static void impossible_npy_files_are_refused(void **state) {
    (void)state;
    static const char *const dictionaries[] = {
        "",
        "{}",
        "{'descr': '<f4'}",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (6, 4), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (6, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 5), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (24,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 2, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 4",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (6, 4), }",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (3, 4), }",
    };
    uint8_t bytes[1024];
    for (size_t i = 0; i < EPI__COUNT(dictionaries); i++) {
        write_sound();
        remove_file("model.safetensors");
        write_file("embeddings.npy", bytes, npy(bytes, dictionaries[i], TABLE, sizeof TABLE));
        assert_refused(dictionaries[i]);
    }
    write_file("embeddings.npy", "\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
    assert_refused("an .npy file with a huge header");
    remove_file("embeddings.npy");
    assert_refused("no table at all");
    assert_true(cases >= 200);
}

static void a_row_that_is_no_number_costs_the_texts_that_use_it(void **state) {
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f};
    for (size_t i = 0; i < EPI__COUNT(bad); i++) {
        float changed[ROWS][COLUMNS], vector[COLUMNS];
        epi_encoder encoder;
        memcpy(changed, TABLE, sizeof changed);
        changed[3][2] = bad[i];
        write_sound();
        write_tensors(HEADER, changed, sizeof changed);
        assert_int_equal(epi_encoder_static(&encoder, directory), EPI_OK);
        assert_vector(&encoder, "walnut", 1, 1, 0, 0);
        assert_int_equal(encode(vector, &encoder, "walnut tree"), EPI_ENUMBER);
        assert_non_null(strstr(epi_error_last()->message, directory));
        epi_encoder_close(&encoder);
    }
}

/* Any byte may be any other: then it opens or not, and encodes or not, but never past its files. */
static void random_damage_does_no_harm(void **state) {
    (void)state;
    static char text[20000];
    uint8_t bytes[1024];
    float vector[4096];
    epi__random random = epi__random_seed(quick_seed(77));
    memset(text, 'w', sizeof text - 1);
    for (int round = 0; round < 400; round++) {
        bool table = round % 2;
        size_t size = table ? tensors(bytes, HEADER, TABLE, sizeof TABLE) : sizeof TOKENIZER - 1;
        if (!table) memcpy(bytes, TOKENIZER, size);
        for (uint64_t n = 1 + epi__random_below(&random, 3); n > 0; n--)
            bytes[epi__random_below(&random, size)] = (uint8_t)epi__random_next(&random);
        write_sound();
        write_file(table ? "model.safetensors" : "tokenizer.json", bytes, size);
        epi_encoder encoder;
        if (epi_encoder_static(&encoder, directory) != EPI_OK) continue;
        const char *const texts[] = {"walnut tree!", "GRÜN ... \xe6\x97\xa5\xe6\x9c\xac", text};
        for (size_t i = 0; i < EPI__COUNT(texts) && encoder.dimension <= 4096; i++) {
            epi_encoder_text one = {texts[i], strlen(texts[i])};
            memset(vector, 0, sizeof vector);
            (void)encoder.encode(encoder.context, vector, &one, 1);
        }
        epi_encoder_close(&encoder);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_the_mean_of_its_tokens),
        cmocka_unit_test(another_table_is_another_encoder),
        cmocka_unit_test(tables_may_be_npy_with_weights),
        cmocka_unit_test(a_cut_file_is_refused_wherever_it_is_cut),
        cmocka_unit_test(impossible_headers_are_refused),
        cmocka_unit_test(impossible_tokenizers_are_refused),
        cmocka_unit_test(impossible_npy_files_are_refused),
        cmocka_unit_test(a_row_that_is_no_number_costs_the_texts_that_use_it),
        cmocka_unit_test(random_damage_does_no_harm),
    };
    quick();
    return cmocka_run_group_tests(tests, setup, teardown);
}
