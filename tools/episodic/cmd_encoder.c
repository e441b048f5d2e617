/* cmd_encoder.c - `episodic encoder`: what makes a space's vectors, or sets another encoder. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#include <episodic/sys/encoder.h>

static const cli_option options[] = {
    OPTION_SPACE,
    OPTION_JSON,
    {"model", 0, "NAME", "remote: the model, as the server calls it"},
    {"dimension", 0, "N", "of the vectors; remote: needed, hash: 256 without it"},
    {"send-dimension", 0, NULL, "remote: ask for that dimension, of models that can shorten their vectors"},
    {"key-variable", 0, "NAME", "remote: the environment variable that holds the key"},
    {"key-file", 0, "FILE", "remote: the file whose first line is the key"},
    {"ca-file", 0, "FILE", "remote: certificates to trust; without it the system's"},
    {"batch", 0, "N", "remote: texts of one request (64)"},
    {"parallel", 0, "N", "remote: requests under way at once (4)"},
    {"no-cache", 0, NULL, "remote: keep no vectors by text beside the store"},
    OPTIONS_END,
};

/* ---- showing ----------------------------------------------------------------------------------------------------- */

static void print_info(const char *what, const epi_encoder_info *info) {
    char vectors[32], left[32], refused[32];
    char *name = term_escape(info->name, strlen(info->name), " ");
    printf("%s: %s", what, name != NULL ? name : "");
    free(name);
    if (info->dimension > 0) printf(", %u dimensions", info->dimension);
    printf(", %s vectors, %s steps wait", print_count(vectors, info->vectors), print_count(left, info->left));
    if (info->refused > 0) printf(", %s refused", print_count(refused, info->refused));
    printf("%s\n", info->ready || strcmp(info->name, "none") == 0 || strcmp(info->name, "given") == 0
                       ? ""
                       : ", not to be had here");
}

static void put_info(epi_json_writer *writer, const char *name, const epi_encoder_info *info) {
    if (info->generation == 0) {
        epi_json_put_null(writer, name);
        return;
    }
    epi_json_begin_object(writer, name);
    json_text(writer, "name", info->name);
    epi_json_put_unsigned(writer, "generation", info->generation);
    epi_json_put_unsigned(writer, "dimension", info->dimension);
    epi_json_put_unsigned(writer, "vectors", info->vectors);
    epi_json_put_unsigned(writer, "left", info->left);
    epi_json_put_unsigned(writer, "refused", info->refused);
    epi_json_put_bool(writer, "ready", info->ready);
    epi_json_end(writer);
}

static int show(const cli *c) {
    epi_encoder_info serving, building;
    epi_status status = epi_space_encoders(&serving, &building, c->space);
    if (status != EPI_OK) return cli_fail(c, status);
    if (!cli_has(c, "json")) {
        print_info("serves", &serving);
        if (building.generation > 0) print_info("is to serve", &building);
        return DONE;
    }
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    put_info(writer, "serving", &serving);
    put_info(writer, "building", &building);
    epi_json_end(writer);
    return json_print(c, writer);
}

/* ---- setting ----------------------------------------------------------------------------------------------------- */

static int read_number(uint32_t *number, const cli *c, const char *name, uint64_t max) {
    uint64_t value = 0;
    if (!cli_has(c, name)) return DONE;
    int code = cli_number(&value, c, name, cli_value(c, name), max);
    *number = (uint32_t)value;
    return code;
}

/* Other processes may be started elsewhere, so paths are kept whole. NULL: not given, or it is not there. */
static char *whole_path(const cli *c, const char *option) {
    return cli_has(c, option) ? realpath(cli_value(c, option), NULL) : NULL;
}

static int check_paths(const cli *c, const epi_remote_options *remote) {
    if (cli_has(c, "key-file") && remote->key_file == NULL)
        return cli_error(c, ABSENT, "there is no file %s", cli_value(c, "key-file"));
    if (cli_has(c, "ca-file") && remote->ca_file == NULL)
        return cli_error(c, ABSENT, "there is no file %s", cli_value(c, "ca-file"));
    return DONE;
}

static int make_remote(epi_encoder *encoder, const cli *c) {
    epi_remote_options remote = epi_remote_options_default();
    char *memory = realpath(cli_memory_path(c), NULL), *cache = NULL;
    char *key_file = whole_path(c, "key-file"), *ca_file = whole_path(c, "ca-file");
    if (memory != NULL && (cache = malloc(strlen(memory) + 8)) != NULL) sprintf(cache, "%s/cache", memory);
    remote.url = c->operands[1];
    remote.model = cli_value(c, "model");
    remote.send_dimension = cli_has(c, "send-dimension");
    remote.key_variable = cli_value(c, "key-variable");
    remote.key_file = key_file;
    remote.ca_file = ca_file;
    remote.cache = cli_has(c, "no-cache") ? NULL : cache;
    int code = check_paths(c, &remote);
    if (code == DONE) code = read_number(&remote.dimension, c, "dimension", EPI_DIMENSION_MAX);
    if (code == DONE) code = read_number(&remote.batch, c, "batch", EPI_REMOTE_BATCH_MAX);
    if (code == DONE) code = read_number(&remote.parallel, c, "parallel", EPI_REMOTE_PARALLEL_MAX);
    if (code == DONE) {
        epi_status status = epi_encoder_remote(encoder, &remote);
        if (status != EPI_OK) code = cli_fail(c, status);
    }
    free(memory);
    free(cache);
    free(key_file);
    free(ca_file);
    return code;
}

static int make_static(epi_encoder *encoder, const cli *c) {
    char *directory = realpath(c->operands[1], NULL);
    if (directory == NULL) return cli_error(c, ABSENT, "there is no directory %s", c->operands[1]);
    epi_status status = epi_encoder_static(encoder, directory);
    free(directory);
    return status == EPI_OK ? DONE : cli_fail(c, status);
}

static int make_hash(epi_encoder *encoder, const cli *c) {
    uint32_t dimension = 0;
    int code = read_number(&dimension, c, "dimension", EPI_DIMENSION_MAX);
    if (code != DONE) return code;
    epi_status status = epi_encoder_hash(encoder, dimension);
    return status == EPI_OK ? DONE : cli_fail(c, status);
}

static const struct {
    const char *name;
    size_t operands;
    int (*make)(epi_encoder *encoder, const cli *c);
} makers[] = {{"hash", 1, make_hash}, {"static", 2, make_static}, {"remote", 2, make_remote}};

static int make(epi_encoder *encoder, const cli *c) {
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        if (strcmp(makers[i].name, c->operands[0]) != 0) continue;
        if (c->operand_count == makers[i].operands) return makers[i].make(encoder, c);
        return cli_error(c, BAD_USAGE, "%s takes %s", makers[i].name,
                         makers[i].operands == 1 ? "nothing behind it" : "a directory or an address behind it");
    }
    return cli_error(c, BAD_USAGE, "there is no encoder \"%s\"; there are hash, static and remote", c->operands[0]);
}

static int set(cli *c) {
    epi_encoder encoder;
    int code = cli_open(c, TO_WRITE, NULL);
    if (code == DONE) code = make(&encoder, c);
    if (code != DONE) return code;
    bool remote = strcmp(encoder.name, "remote") == 0;
    epi_status status = epi_space_encoder_set(c->space, &encoder);
    if (status != EPI_OK) {
        epi_encoder_close(&encoder);
        return cli_fail(c, status);
    }
    if (remote) fprintf(stderr, "to use it: export EPISODIC_REMOTE=%s\n", c->operands[1]);
    return show(c);
}

static int run(cli *c) {
    if (c->operand_count > 0) return set(c);
    int code = cli_open(c, TO_READ, NULL);
    return code == DONE ? show(c) : code;
}

const cli_command cmd_encoder = {
    .name = "encoder",
    .summary = "what makes a space's vectors; sets another encoder",
    .usage = "[hash | static DIRECTORY | remote URL]",
    .examples = "  episodic encoder --space home\n"
                "  episodic encoder --space home static ~/models/potion-base-8M\n"
                "  episodic encoder --space home remote http://localhost:11434/v1/embeddings \\\n"
                "      --model nomic-embed-text --dimension 768\n",
    .notes =
        "The vectors there are go on serving until upkeep has made all new ones. A remote encoder is asked only by\n"
        "processes whose EPISODIC_REMOTE is its address: a memory must not say where texts are sent.\n",
    .options = options,
    .operand_max = 2,
    .run = run,
};
