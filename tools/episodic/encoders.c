/* encoders.c - encoders from a command line: "hash", "lsa", "static DIRECTORY", "remote URL", with their options. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static int read_number(uint32_t *number, const cli *c, const char *name, uint64_t max) {
    uint64_t value = 0;
    char option[32];
    if (!cli_has(c, name)) return DONE;
    snprintf(option, sizeof option, "--%s", name);
    int code = cli_number(&value, c, option, cli_value(c, name), max);
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
    if (!cli_has(c, "model")) return cli_error(c, BAD_USAGE, "remote needs --model NAME, as the server calls it");
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

static int make_lsa(epi_encoder *encoder, const cli *c) {
    uint32_t dimension = 0;
    int code = read_number(&dimension, c, "dimension", EPI_LSA_DIMENSION_MAX);
    if (code != DONE) return code;
    epi_status status = epi_encoder_lsa(encoder, dimension);
    return status == EPI_OK ? DONE : cli_fail(c, status);
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
} makers[] = {
    {"hash", 1, make_hash},
    {"lsa", 1, make_lsa},
    {"static", 2, make_static},
    {"remote", 2, make_remote},
};

int cli_encoder(epi_encoder *encoder, const cli *c) {
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        if (strcmp(makers[i].name, c->operands[0]) != 0) continue;
        if (c->operand_count == makers[i].operands) return makers[i].make(encoder, c);
        return cli_error(c, BAD_USAGE, "%s takes %s", makers[i].name,
                         makers[i].operands == 1 ? "nothing behind it" : "a directory or an address behind it");
    }
    return cli_error(c, BAD_USAGE, "there is no encoder \"%s\"; there are hash, lsa, static and remote",
                     c->operands[0]);
}

const char *encoder_why_not_ready(const epi_encoder_info *info) {
    if (info->ready || strcmp(info->name, "none") == 0 || strcmp(info->name, "given") == 0) return "";
    if (strcmp(info->name, "lsa") == 0) return "; not learned yet: upkeep does it once 100 steps have words";
    if (strcmp(info->name, "remote") == 0)
        return "; not asked by this process: export EPISODIC_REMOTE=its address, or set it again";
    if (strcmp(info->name, "static") == 0) return "; its directory is not what it was: name it again";
    return "; only the program that brings it has it";
}
