/* cmd_encoder.c - `episodic encoder`: what makes a space's vectors, or sets another encoder. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#include <episodic/sys/encoder.h>

static const cli_option options[] = {
    OPTION_SPACE,
    OPTION_JSON,
    OPTIONS_ENCODER,
    {"now", 0, NULL, "make the vectors at once (lsa: learn them), instead of at the next upkeep"},
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
    printf("%s\n", encoder_why_not_ready(info));
    char *note = term_escape(info->note, strlen(info->note), " ");
    if (info->note[0] != '\0') printf("  %s\n", note != NULL ? note : "");
    free(note);
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
    json_text(writer, "note", info->note[0] != '\0' ? info->note : NULL);
    epi_json_end(writer);
}

static int show(const cli *c) {
    epi_encoder_info serving, building;
    epi_status status = epi_space_encoders(&serving, &building, c->space);
    epi_space_stats stats;
    if (status == EPI_OK) status = epi_space_stats_read(&stats, c->space);
    if (status != EPI_OK) return cli_fail(c, status);
    if (!cli_has(c, "json")) {
        print_info("serves", &serving);
        if (building.generation > 0) print_info("is to serve", &building);
        if (stats.dimension == 0) return DONE;
        printf("weight: ");
        if (stats.vector_worth >= 0.0) printf("%.2f, ", stats.vector_worth);
        printf("%s\n", worth_text(&stats));
        return DONE;
    }
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    put_info(writer, "serving", &serving);
    put_info(writer, "building", &building);
    json_worth(writer, &stats);
    epi_json_end(writer);
    return json_print(c, writer);
}

/* ---- setting ----------------------------------------------------------------------------------------------------- */

static int set(cli *c) {
    epi_encoder encoder;
    int code = cli_open(c, TO_WRITE, NULL);
    if (code == DONE) code = cli_encoder(&encoder, c);
    if (code != DONE) return code;
    bool remote = strcmp(encoder.name, "remote") == 0;
    epi_status status = epi_space_encoder_set(c->space, &encoder);
    if (status != EPI_OK) {
        epi_encoder_close(&encoder);
        return cli_fail(c, status);
    }
    if (remote) fprintf(stderr, "to use it: export EPISODIC_REMOTE=%s\n", c->operands[1]);
    if (cli_has(c, "now")) code = cli_keep_up(c, c->space, 0);
    return code == DONE ? show(c) : code;
}

static int run(cli *c) {
    if (c->operand_count > 0) return set(c);
    int code = cli_open(c, TO_READ, NULL);
    return code == DONE ? show(c) : code;
}

const cli_command cmd_encoder = {
    .name = "encoder",
    .summary = "what makes a space's vectors; sets another encoder",
    .usage = "[hash | lsa | static DIRECTORY | remote URL]",
    .examples = "  episodic encoder --space home\n"
                "  episodic encoder --space home lsa --now\n"
                "  episodic encoder --space home static ~/models/potion-base-8M\n"
                "  episodic encoder --space home remote http://localhost:11434/v1/embeddings \\\n"
                "      --model nomic-embed-text --dimension 768\n",
    .notes =
        "The vectors there are go on serving until upkeep has made all new ones. lsa learns from the space's own\n"
        "steps which words stand in the same company, and learns anew when they have doubled. A remote encoder is\n"
        "asked only by processes whose EPISODIC_REMOTE is its address: a memory must not say where texts are sent.\n",
    .options = options,
    .operand_max = 2,
    .run = run,
};
