/* bench_encode.c - how quick are the encoders, and what do their vectors add to recall?
 *
 * Speed: a static model of 30,000 tokens and 256 columns is made up and written, opened again and again, and encodes
 * short texts whose words are drawn by Zipf's law; the hash encoder does the same. Recall: every conversation of a file
 * in the LoCoMo form is imported into a space of its own, encoded by a table, and each question is asked three ways: by
 * the space's own profile without vectors (lexical), by the vectors alone (vector), and with the weight that the space
 * found out for them by itself (fused). The good table is one that make_table.py wrote from the turns; the random one
 * has the same words and Gaussian rows. With --learned it is the encoder that each space learns from its own steps,
 * instead, and with --hash the built-in one. All are asked the same questions, so they compare in pairs. --made
 * asks about a made-up corpus of any size, one space, instead of a file.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <episodic/episodic.h>
#include <episodic/sys/json.h>

#include "bench.h"
#include "corpus.h"
#include "estimate.h"
#include "locomo.h"

#define TOKENS 30000u
#define COLUMNS 256u
#define OPENINGS 21u

/* ---- a model of made-up words ----------------------------------------------------------------------------------- */

static void made_word(char word[16], size_t rank) {
    static const char *const syllables[] = {"ka", "lo", "mi",  "ru",  "te",  "so", "na", "vi",
                                            "pe", "du", "sha", "ter", "ing", "ol", "an", "wa"};
    size_t at = 0;
    for (size_t n = rank + 16; n > 0 && at < 12; n /= 16) {
        const char *syllable = syllables[n % 16];
        memcpy(word + at, syllable, strlen(syllable));
        at += strlen(syllable);
    }
    word[at] = 0;
}

static void write_file(const char *directory, const char *name, const void *head, size_t head_size, const void *data,
                       size_t size) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(head, 1, head_size, file) != head_size || fwrite(data, 1, size, file) != size ||
        fclose(file) != 0)
        bench_fail("%s: cannot be written", path);
}

static void write_table(const char *directory, size_t rows, size_t columns, bench_random *random) {
    char header[256];
    size_t count = rows * columns;
    float *table = bench_alloc(count, sizeof *table);
    for (size_t i = 0; i < count; i++) table[i] = (float)bench_random_normal(random);
    uint64_t size = (uint64_t)snprintf(
        header + 8, sizeof header - 8,
        "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[%zu,%zu],\"data_offsets\":[0,%zu]}}", rows, columns,
        count * sizeof *table);
    while ((size + 8) % 8 != 0) header[8 + size++] = ' ';
    memcpy(header, &size, 8);
    write_file(directory, "model.safetensors", header, 8 + (size_t)size, table, count * sizeof *table);
    free(table);
}

static void write_tokenizer(const char *directory) {
    static const char begin[] =
        "{\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{\"type\":"
        "\"BertPreTokenizer\"},\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"vocab\":";
    epi_json_writer *writer = NULL;
    size_t size = 0;
    bench_check(epi_json_writer_new(&writer, false), "the tokenizer");
    epi_json_begin_object(writer, NULL);
    epi_json_put_unsigned(writer, "[UNK]", 0);
    for (size_t i = 1; i < TOKENS; i++) {
        char word[18];
        made_word(word + 2, i / 4 * 4 == i ? i / 4 : i); /* a fourth of them goes on words */
        memcpy(word, "##", 2);
        epi_json_put_unsigned(writer, i / 4 * 4 == i ? word : word + 2, i);
    }
    epi_json_end(writer);
    const char *vocabulary = epi_json_writer_text(&size, writer);
    char *whole = bench_alloc(size + 3, 1);
    memcpy(whole, vocabulary, size);
    memcpy(whole + size, "}}", 2);
    write_file(directory, "tokenizer.json", begin, sizeof begin - 1, whole, size + 2);
    free(whole);
    epi_json_writer_free(writer);
}

/* ---- speed ------------------------------------------------------------------------------------------------------ */

typedef struct corpus {
    epi_encoder_text *texts;
    size_t count;
} corpus;

/* Four to twelve words, some with a mark behind them, some that have to be put together from two tokens. */
static corpus make_corpus(bench_random *random, size_t count) {
    corpus all = {bench_alloc(count, sizeof *all.texts), count};
    for (size_t i = 0; i < count; i++) {
        char text[400];
        size_t at = 0;
        for (uint64_t n = 4 + bench_random_below(random, 9); n > 0; n--) {
            double rank = exp(bench_random_unit(random) * log((double)TOKENS - 1.0));
            made_word(text + at, (size_t)rank);
            at += strlen(text + at);
            if (bench_random_below(random, 12) == 0) text[at++] = n == 1 ? '.' : ',';
            text[at++] = ' ';
        }
        char *copy = bench_alloc(at, 1);
        memcpy(copy, text, at - 1);
        all.texts[i] = (epi_encoder_text){copy, at - 1};
    }
    return all;
}

static void free_corpus(corpus *all) {
    for (size_t i = 0; i < all->count; i++) free((void *)(uintptr_t)all->texts[i].data);
    free(all->texts);
}

static void measure_speed(const bench_run *run, const epi_encoder *encoder, const corpus *all, size_t batch) {
    float *vectors = bench_alloc(batch * encoder->dimension, sizeof *vectors);
    double best = 0.0;
    for (int round = 0; round < 3; round++) {
        double start = bench_thread_cpu_s();
        for (size_t at = 0; at + batch <= all->count; at += batch) {
            memset(vectors, 0, batch * encoder->dimension * sizeof *vectors);
            bench_check(encoder->encode(encoder->context, vectors, all->texts + at, batch), encoder->name);
        }
        double speed = (double)(all->count / batch * batch) / (bench_thread_cpu_s() - start);
        if (speed > best) best = speed;
    }
    bench_emit(run, "texts_per_s", best, "texts/s",
               BENCH_CONFIG({"encoder", .text = encoder->name}, {"batch", .number = (double)batch},
                            {"dimension", .number = encoder->dimension}, {"rounds", .number = 3}));
    free(vectors);
}

static void measure_opening(const bench_run *run, const char *directory) {
    double ms[OPENINGS];
    for (size_t i = 0; i < OPENINGS; i++) {
        epi_encoder encoder;
        double start = bench_now_s();
        bench_check(epi_encoder_static(&encoder, directory), directory);
        ms[i] = (bench_now_s() - start) * 1e3;
        epi_encoder_close(&encoder);
    }
    double first = ms[0];
    bench_emit(run, "startup_ms", bench_percentile(ms, OPENINGS, 0.5), "ms",
               BENCH_CONFIG({"encoder", .text = "static"}, {"tokens", .number = TOKENS},
                            {"dimension", .number = COLUMNS}, {"first", .number = first}, {"n", .number = OPENINGS}));
}

static void measure_encoders(const bench_run *run, const char *parent) {
    char directory[4096];
    bench_random random = bench_random_of(run->seed, 1);
    (void)snprintf(directory, sizeof directory, "%s/table", parent);
    if (mkdir(directory, 0700) != 0) bench_fail("%s: cannot be made", directory);
    bench_progress("making a table");
    write_tokenizer(directory);
    write_table(directory, TOKENS, COLUMNS, &random);
    measure_opening(run, directory);
    corpus all = make_corpus(&random, run->quick ? 50000 : 400000);
    epi_encoder table, hash;
    bench_check(epi_encoder_static(&table, directory), directory);
    bench_check(epi_encoder_hash(&hash, 0), "hash");
    static const size_t batches[] = {1, 64, 1024};
    for (size_t i = 0; i < 3; i++) measure_speed(run, &table, &all, batches[i]);
    for (size_t i = 0; i < 3; i++) measure_speed(run, &hash, &all, batches[i]);
    epi_encoder_close(&table);
    epi_encoder_close(&hash);
    free_corpus(&all);
}

/* ---- recall ----------------------------------------------------------------------------------------------------- */

static const char *made; /* kind of the made-up corpus; NULL: a file */
static uint64_t sessions = 1000;
static bool misspelt;

typedef struct recall_bench {
    const bench_run *run;
    locomo_file file;
    epi_space **spaces;
    epi_recall_profile profile; /* of the first space, without vectors */
    double *lexical; /* recall@10 of each question */
    double worth;    /* of the vectors, on average over spaces */
    size_t steps;
    const char *encoder;
    uint32_t learned; /* dimension of what spaces learn; 0: tables */
} recall_bench;

/* A table over the same words with Gaussian rows. */
static void make_random_table(const char *directory, const char *good, uint64_t seed) {
    char path[4096];
    bench_random random = bench_random_of(seed, 2);
    (void)snprintf(path, sizeof path, "%s/tokenizer.json", good);
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) bench_fail("%s: cannot be read", path);
    size_t size = (size_t)ftell(file);
    char *text = bench_alloc(size + 1, 1);
    rewind(file);
    if (fread(text, 1, size, file) != size) bench_fail("%s: cannot be read", path);
    (void)fclose(file);
    epi_json *root = NULL;
    bench_check(epi_json_parse(&root, text, size), path);
    size_t rows = epi_json_count(epi_json_member(epi_json_member(root, "model"), "vocab"));
    epi_json_free(root);
    if (mkdir(directory, 0700) != 0) bench_fail("%s: cannot be made", directory);
    write_file(directory, "tokenizer.json", text, size, "", 0);
    write_table(directory, rows, 128, &random);
    free(text);
}

static void make_encoder(epi_encoder *encoder, const recall_bench *b, const char *directory) {
    if (b->learned > 0)
        bench_check(epi_encoder_lsa(encoder, b->learned), "lsa");
    else if (directory == NULL)
        bench_check(epi_encoder_hash(encoder, 0), "hash");
    else
        bench_check(epi_encoder_static(encoder, directory), directory);
}

/* Encodes every space by the table of a directory, or by what it learns, and lets it find out what that is worth. */
static void encode_spaces(recall_bench *b, const char *directory) {
    b->worth = 0.0;
    for (size_t i = 0; i < b->file.conversation_count; i++) {
        epi_encoder encoder;
        epi_space_stats stats;
        make_encoder(&encoder, b, directory);
        bench_check(epi_space_encoder_set(b->spaces[i], &encoder), "encoder");
        bench_check(epi_space_upkeep(NULL, b->spaces[i], NULL), "upkeep");
        bench_check(epi_space_stats_read(&stats, b->spaces[i]), "stats");
        bool measured = stats.vector_worth >= 0.0 || strcmp(b->encoder, "hash") == 0;
        if (stats.building != 0 || !measured) bench_fail("a space was not encoded");
        b->worth += stats.vector_worth / (double)b->file.conversation_count;
    }
}

/* The question, or with two letters of its longest word exchanged: the same ones each time it is asked. */
static const char *said(char *room, size_t size, const recall_bench *b, size_t question) {
    const char *text = b->file.questions[question].text;
    bench_random random = bench_random_of(b->run->seed, 1000 + question);
    size_t best = 0, longest = 0, run = 0;
    if (!misspelt || strlen(text) >= size) return text;
    strcpy(room, text);
    for (size_t i = 0; room[i] != 0; i++) {
        run = (room[i] >= 'a' && room[i] <= 'z') || (room[i] >= 'A' && room[i] <= 'Z') ? run + 1 : 0;
        if (run > longest) best = i + 1 - run, longest = run;
    }
    if (longest < 4) return room;
    size_t at = best + 1 + bench_random_below(&random, longest - 2);
    char kept = room[at];
    room[at] = room[at + 1];
    room[at + 1] = kept;
    return room;
}

static double *ask_all(recall_bench *b, const epi_recall_profile *profile) {
    char room[4096];
    double *values = bench_alloc(b->file.question_count, sizeof *values);
    const locomo_turn *hits[20];
    for (size_t i = 0; i < b->file.question_count; i++) {
        const locomo_question *question = &b->file.questions[i];
        epi_recollection *found = NULL;
        epi_recall_options options = epi_recall_options_default();
        epi_cue cue = epi_cue_default();
        cue.text = said(room, sizeof room, b, i);
        options.k = 10;
        options.profile = profile;
        options.token_budget = 1;
        options.scene_margin = 0;
        bench_check(epi_recall(&found, b->spaces[question->conversation], &cue, &options), "recall");
        size_t count = epi_recollection_hit_count(found);
        for (size_t h = 0; h < count; h++)
            hits[h] = locomo_find(&b->file.conversations[question->conversation],
                                  epi_recollection_hit(found, h)->external_id);
        values[i] = locomo_recall_at(question, hits, count, 10);
        epi_recollection_free(found);
    }
    return values;
}

static void print_values(recall_bench *b, const char *mode, const char *table, const double *values, const double *than,
                         double worth) {
    size_t n = b->file.question_count;
    double *kept = bench_alloc(n, sizeof *kept);
    estimate_group *talks = bench_alloc(b->file.conversation_count, sizeof *talks);
    char interval[64], wider[64];
    const char *corpus_name = b->run->argument_count > 0 ? "file" : made;
    for (size_t i = 0; i < n; i++) {
        kept[i] = values[i] - (than != NULL ? than[i] : 0.0);
        talks[b->file.questions[i].conversation].sum += kept[i];
        talks[b->file.questions[i].conversation].count += 1.0;
    }
    bench_random random = bench_random_of(b->run->seed, 3);
    estimate e = estimate_mean(kept, n, &random), wide = estimate_groups(talks, b->file.conversation_count, &random);
    (void)snprintf(interval, sizeof interval, "[%.2f,%.2f]", 100.0 * e.low, 100.0 * e.high);
    (void)snprintf(wider, sizeof wider, "[%.2f,%.2f]", 100.0 * wide.low, 100.0 * wide.high);
    bench_emit(b->run, than != NULL ? "gain_over_lexical" : "recall@10", 100.0 * e.mean, than != NULL ? "points" : "%",
               BENCH_CONFIG({"encoder", .text = b->encoder}, {"corpus", .text = corpus_name},
                            {"steps", .number = (double)b->steps},
                            {"misspelt", .json = misspelt ? "true" : "false"}, {"mode", .text = mode},
                            {"table", .text = table}, {"dimension", .number = (double)b->learned},
                            {"worth", .number = worth}, {"n", .number = (double)n}, {"ci95", .json = interval},
                            {"ci95_conversations", .json = wider}));
    free(kept);
    free(talks);
}

static void ask_and_print(recall_bench *b, const char *mode, const char *table, const epi_recall_profile *profile,
                          double worth) {
    double *values = ask_all(b, profile);
    print_values(b, mode, table, values, NULL, worth);
    print_values(b, mode, table, values, b->lexical, worth);
    free(values);
}

/* Weights around the one that the space chose, to see how near the best it is; only where asked for. */
static void sweep(recall_bench *b, const char *table) {
    static const double weights[] = {0.05, 0.1, 0.2, 0.4, 0.8, 1.6};
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        epi_recall_profile profile = b->profile;
        profile.vector = weights[i];
        ask_and_print(b, "fixed", table, &profile, weights[i]);
    }
}

static void measure_table(recall_bench *b, const char *table, const char *directory, bool sweeping) {
    epi_recall_profile vector = {.version = 1, .k1 = 1.0, .vector = 1.0, .recency_half_life_days = 30.0};
    encode_spaces(b, directory);
    ask_and_print(b, "vector", table, &vector, 1.0);
    ask_and_print(b, "fused", table, NULL, b->worth);
    if (sweeping) sweep(b, table);
}

static void read_corpus(recall_bench *b) {
    size_t size = 0;
    if (b->run->argument_count > 0) {
        locomo_read(&b->file, b->run->arguments[0]);
    } else {
        char *text = corpus_locomo(&size, made, b->run->seed, 1, sessions, b->run->quick ? 200 : 1000);
        if (text == NULL) bench_fail("there is no corpus \"%s\"", made);
        locomo_read_text(&b->file, text, size, made);
    }
    for (size_t i = 0; i < b->file.conversation_count; i++) b->steps += b->file.conversations[i].turn_count;
}

static void measure_recall(const bench_run *run, const char *parent, const char *good, uint32_t learned, bool hashed,
                           bool sweeping) {
    recall_bench b = {.run = run, .encoder = hashed ? "hash" : learned > 0 ? "lsa" : "static", .learned = learned};
    char path[4096], random[4096];
    epi_memory *memory = NULL;
    epi_memory_options options = epi_memory_options_default();
    epi_import_options import = epi_import_options_default();
    options.sync = EPI_SYNC_GROUPED;
    import.format = EPI_FORMAT_LOCOMO;
    (void)snprintf(path, sizeof path, "%s/memory", parent);
    (void)snprintf(random, sizeof random, "%s/random", parent);
    read_corpus(&b);
    bench_check(epi_memory_open(&memory, path, &options), path);
    bench_check(epi_import(NULL, memory, b.file.text, b.file.size, &import), "import");
    b.spaces = bench_alloc(b.file.conversation_count, sizeof *b.spaces);
    for (size_t i = 0; i < b.file.conversation_count; i++)
        bench_check(epi_space_open(&b.spaces[i], memory, b.file.conversations[i].name, NULL), "space");
    epi_space_stats stats;
    bench_check(epi_space_stats_read(&stats, b.spaces[0]), "stats");
    b.profile = epi_recall_profile_of(stats.profile);
    b.profile.vector = 0.0;
    b.lexical = ask_all(&b, &b.profile);
    print_values(&b, "lexical", "none", b.lexical, NULL, 0.0);
    if (good == NULL) {
        measure_table(&b, "own", NULL, sweeping);
    } else {
        make_random_table(random, good, run->seed);
        measure_table(&b, "random", random, sweeping);
        measure_table(&b, "good", good, sweeping);
    }
    for (size_t i = 0; i < b.file.conversation_count; i++) epi_space_close(b.spaces[i]);
    bench_check(epi_memory_close(memory), "closing the memory");
    free(b.lexical);
    free(b.spaces);
    locomo_dispose(&b.file);
}

static const char about[] =
    "texts_per_s and startup_ms of the encoders on a made-up table of 30,000 x 256, on one core. With a FILE in the\n"
    "LoCoMo form and --table, recall@10 over its questions by words (mode lexical), by vectors (vector), and by both "
    "with\n"
    "the weight that each space found out for itself (fused), with that table (good) and with random rows for the "
    "same\n"
    "words (random); gain_over_lexical is paired, with a 95 % bootstrap interval over questions and over "
    "conversations.\n"
    "make_table.py FILE DIR writes a table from the file's turns; with --learned each space learns from its own;\n"
    "--hash is the built-in encoder. --made asks about a made-up corpus, one space of any size, instead of a FILE.";

int main(int argc, char **argv) {
    bench_run run = {.name = "bench_encode", .usage = "[FILE]", .about = about, .argument_max = 1};
    const char *good = NULL;
    uint64_t learned = 0;
    bool sweeping = false, quiet = false, hashed = false;
    const bench_option options[] = {
        {"--table", "DIR", "a static model to recall with", NULL, &good, NULL},
        {"--learned", "N", "instead of --table: spaces learn their own encoder, of N dimensions", NULL, NULL, &learned},
        {"--hash", NULL, "instead of --table: the built-in encoder", &hashed, NULL, NULL},
        {"--made", "KIND", "instead of FILE: one space of a made-up chat, assistant or events", NULL, &made, NULL},
        {"--sessions", "N", "of a made-up corpus (1000)", NULL, NULL, &sessions},
        {"--misspelt", NULL, "two letters of each question's longest word are exchanged", &misspelt, NULL, NULL},
        {"--recall-only", NULL, "leaves the speed of the encoders out", &quiet, NULL, NULL},
        {"--sweep", NULL, "fused at fixed weights, too", &sweeping, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL, NULL},
    };
    run.options = options;
    bench_start(&run, argc, argv);
    bool asked = run.argument_count > 0 || made != NULL;
    if (asked && (good != NULL) + (learned > 0) + hashed != 1)
        bench_fail("a FILE or --made needs --table DIR, which make_table.py writes, or --learned N, or --hash");
    if (run.quick && sessions > 200) sessions = 200;
    const char *directory = bench_directory(NULL);
    if (!quiet) measure_encoders(&run, directory);
    if (asked) measure_recall(&run, directory, good, (uint32_t)learned, hashed, sweeping);
    return 0;
}
