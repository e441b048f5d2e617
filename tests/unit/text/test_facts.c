/* Tests of the rules that find facts in a text: what they find, and above all what they must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "text/facts.h"

/* Writes "attribute=value; ..." of all facts in the text, and looks at their bytes. */
static void facts_of(char out[512], const char *text) {
    epi__found_fact found[8];
    size_t size = strlen(text), count = epi__text_facts(found, 8, text, size), at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const epi__found_fact *f = &found[i];
        assert_true(f->sentence_from <= f->from && f->from < f->value_from && f->value_from < f->to);
        assert_true(f->to <= f->sentence_to && f->sentence_to <= size);
        at += (size_t)snprintf(out + at, 512 - at, "%s%s=%.*s", i ? "; " : "", f->attribute,
                               (int)(f->to - f->value_from), text + f->value_from);
    }
}

static void what_one_says_of_oneself_is_found(void **state) {
    static const char *const cases[][2] = {
        {"I live in Lisbon.", "lives in=Lisbon"},
        {"I live in Lisbon", "lives in=Lisbon"},
        {"i live in Lisbon now, near the river", "lives in=Lisbon"},
        {"We live in New York City with two cats.", "lives in=New York City"},
        {"I currently live in Rio de Janeiro.", "lives in=Rio de Janeiro"},
        {"I'm living in St. Louis these days.", "lives in=St. Louis"},
        {"Hey Mel, I’m still living in Évora!", "lives in=Évora"},
        {"I moved to Berlin last May and I like it.", "lives in=Berlin"},
        {"We've just moved back to Stratford-upon-Avon.", "lives in=Stratford-upon-Avon"},
        {"I work at Siemens.", "works at=Siemens"},
        {"I'm working for the city. I work for Amnesty International as well", "works at=Amnesty International"},
        {"I work as a nurse in Porto.", "works as=nurse"},
        {"Well, I work as an assistant teacher, mostly.", "works as=assistant teacher"},
        {"I recently started working at Bosch.", "works at=Bosch"},
        {"My favourite colour is dark blue.", "favourite colour=dark blue"},
        {"My favorite colour is still green, by the way.", "favourite colour=green"},
        {"My favorite book is \"The Name of the Rose\" by Eco.", "favourite book=The Name of the Rose"},
        {"My favourite book is The Lord of the Rings.", "favourite book=The Lord of the Rings"},
        {"My favourite film is Murder in the Library because it is old.", "favourite film=Murder in the Library"},
        {"My favourite season is autumn and I love the rain.", "favourite season=autumn"},
        {"My name is Ana Sousa.", "name=Ana Sousa"},
        {"Hi, my name's Ana!", "name=Ana"},
        {"My dog's name is Rex.", "dog name=Rex"},
        {"My little brother's name is Tom and he sings.", "brother name=Tom"},
        {"My new cat is called Miu.", "cat name=Miu"},
        {"Our youngest daughter is named Eva Maria, after her aunt.", "youngest daughter name=Eva Maria"},
        {"I live in Rome. My favourite food is pasta!", "lives in=Rome; favourite food=pasta"},
        {"She and I live in Lisbon.", "lives in=Lisbon"},
        {"I live in Rome and my dog's name is Rex", "lives in=Rome; dog name=Rex"},
        {"Do you like it? I live in Rome.", "lives in=Rome"},
    };
    char told[512];
    (void)state;
    for (size_t i = 0; i < EPI__COUNT(cases); i++) {
        facts_of(told, cases[i][0]);
        if (strcmp(told, cases[i][1]) != 0)
            fail_msg("\"%s\" gave \"%s\", not \"%s\"", cases[i][0], told, cases[i][1]);
    }
}

static void what_is_asked_denied_supposed_or_quoted_is_not(void **state) {
    static const char *const cases[] = {
        "Do I live in Lisbon?",
        "I live in Lisbon, right?",
        "I don't live in Lisbon.",
        "I don’t live in Lisbon.",
        "I do not live in Lisbon.",
        "I never lived in Lisbon.",
        "I live in Lisbon no longer.",
        "If I lived in Lisbon, I would swim.",
        "If I live in Lisbon next year, I will swim.",
        "I wish I live in Lisbon.",
        "Imagine: I live in Lisbon!",
        "I used to live in Lisbon.",
        "I might have moved to Lisbon.",
        "I almost moved to Lisbon.",
        "When I moved to Lisbon it rained.",
        "She said I live in Lisbon.",
        "Ben told me: I live in Lisbon.",
        "\"I live in Lisbon.\"",
        "“I live in Lisbon”, he wrote.",
        "He wrote 'I live in Lisbon' on it.",
        "\"It is late. I live in Lisbon. Come\"",
        "> I live in Lisbon",
        "Hello,\n> my name is Ana\nwho is that",
        "You live in Lisbon.",
        "She and I live in Lisbon, my name is not Ana",
        "The house that I live in Lisbon",
        "I live in a small town.",
        "I live in Lisbon's old quarter.",
        "I live in French territory.",
        "I moved to the left.",
        "I moved in May.",
        "I WORK AT HOME AND LIVE IN PARIS",
        "My Favourite Colour Is Blue",
        "My favourite colour is not blue.",
        "My favourite colour isn't blue.",
        "My favourite colour was blue.",
        "My favourite part is the end.",
        "My favourite thing is tea.",
        "My favourite colour is the one of the sea.",
        "My favourite season is when it snows.",
        "My favourite colours are blue and green.",
        "My favourite colour is blue or green.",
        "My favourite walk is along the river that turns south behind the mill",
        "What is my favourite colour?",
        "His dog's name is Rex.",
        "My dog's name is a secret.",
        "My dog's name is Rex's too.",
        "My name is written on it.",
        "My cat is called often.",
        "I work as hard as ever.",
        "I work at night.",
        "I work for, well, Siemens.",
        "",
        "I",
        "I live in",
        "my",
        "My favourite",
        "My favourite @ is blue",
    };
    char told[512];
    (void)state;
    for (size_t i = 0; i < EPI__COUNT(cases); i++) {
        facts_of(told, cases[i]);
        if (told[0]) fail_msg("\"%s\" gave \"%s\"", cases[i], told);
    }
}

/* Whatever the bytes are, spans lie inside; and a sentence that goes on and on says nothing. */
static void hostile_texts_are_read_to_their_end(void **state) {
    static const char *const bits[] = {"I",  "live",     "in",  "Lisbon", "my", "name", "is", "'s", " ", " ", " ",
                                       "\"", "favourite", ".",  "?",      "\n", ">",    "’",  "“",  "中", "É", "\xE2"};
    uint32_t at = 7;
    char text[4096], told[512];
    (void)state;
    for (int round = 0; round < 2000; round++) {
        size_t size = 0;
        for (int i = 0; i < 60; i++) {
            at = at * 1664525u + 1013904223u;
            const char *bit = bits[(at >> 16) % (EPI__COUNT(bits) - 1)]; /* the last one is no UTF-8 */
            size += (size_t)snprintf(text + size, sizeof text - size, "%s", bit);
        }
        facts_of(told, text);
    }
    size_t size = 0;
    while (size < 1000) size += (size_t)snprintf(text + size, sizeof text - size, "and so ");
    (void)snprintf(text + size, sizeof text - size, "I live in Lisbon.");
    facts_of(told, text);
    assert_string_equal(told, "");
}

static void no_more_facts_are_told_than_there_is_room_for(void **state) {
    static const char text[] = "I live in Rome. I work at Fiat. My name is Ana.";
    epi__found_fact found[3];
    (void)state;
    assert_int_equal(epi__text_facts(found, 2, text, strlen(text)), 2);
    assert_int_equal(epi__text_facts(found, 3, text, strlen(text)), 3);
    assert_false(found[0].began);
    assert_int_equal(epi__text_facts(found, 3, "I moved to Rome.", 16), 1);
    assert_true(found[0].began);
    assert_int_equal(epi__text_facts(found, 3, NULL, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_says_of_oneself_is_found),
        cmocka_unit_test(what_is_asked_denied_supposed_or_quoted_is_not),
        cmocka_unit_test(hostile_texts_are_read_to_their_end),
        cmocka_unit_test(no_more_facts_are_told_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
