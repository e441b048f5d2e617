/* forms.c - English words whose forms have no stem in common: "buy" and "bought", "child" and "children". A stemmer
 * takes endings off and cannot join them; what happened is told in the past, and asked for with "did ... buy".
 *
 * Each entry is a stem as the stemmer gives it, and the word that it is a form of; stems that could be a form of two
 * words are left out. Texts are indexed as before: a cue's word is looked up under all its stems.
 * Invariant: strcmp order of stems, none twice; at most EPI__FORMS_MAX stems a word.
 */
#include "text.h"

#include <stdlib.h>

typedef struct form {
    const char *stem;
    const char *word;
} form;

/* clang-format off */
static const form forms[] = {
    {"ate", "eat"}, {"began", "begin"}, {"begin", "begin"}, {"begun", "begin"}, {"bend", "bend"}, {"bent", "bend"},
    {"bit", "bite"}, {"bite", "bite"}, {"bitten", "bite"}, {"blew", "blow"}, {"blow", "blow"}, {"blown", "blow"},
    {"bought", "buy"}, {"break", "break"}, {"bring", "bring"}, {"broke", "break"}, {"broken", "break"},
    {"brought", "bring"}, {"build", "build"}, {"built", "build"}, {"burn", "burn"}, {"burnt", "burn"},
    {"buy", "buy"}, {"came", "come"}, {"catch", "catch"}, {"caught", "catch"}, {"child", "child"},
    {"children", "child"}, {"choos", "choose"}, {"chose", "choose"}, {"chosen", "choose"}, {"come", "come"},
    {"deal", "deal"}, {"dealt", "deal"}, {"dig", "dig"}, {"drank", "drink"}, {"draw", "draw"}, {"drawn", "draw"},
    {"dream", "dream"}, {"dreamt", "dream"}, {"drew", "draw"}, {"drink", "drink"}, {"drive", "drive"},
    {"driven", "drive"}, {"drove", "drive"}, {"drunk", "drink"}, {"dug", "dig"}, {"eat", "eat"}, {"eaten", "eat"},
    {"fall", "fall"}, {"fallen", "fall"}, {"fed", "feed"}, {"feed", "feed"}, {"feel", "feel"}, {"feet", "foot"},
    {"fell", "fall"}, {"felt", "feel"}, {"fight", "fight"}, {"find", "find"}, {"flew", "fly"}, {"fli", "fly"},
    {"flown", "fly"}, {"foot", "foot"}, {"forgav", "forgive"}, {"forget", "forget"}, {"forgiv", "forgive"},
    {"forgiven", "forgive"}, {"forgot", "forget"}, {"forgotten", "forget"}, {"fought", "fight"}, {"found", "find"},
    {"freez", "freeze"}, {"froze", "freeze"}, {"frozen", "freeze"}, {"gave", "give"}, {"give", "give"},
    {"given", "give"}, {"go", "go"}, {"gone", "go"}, {"grew", "grow"}, {"grow", "grow"}, {"grown", "grow"},
    {"half", "half"}, {"halv", "half"}, {"hang", "hang"}, {"hear", "hear"}, {"heard", "hear"}, {"held", "hold"},
    {"hid", "hide"}, {"hidden", "hide"}, {"hide", "hide"}, {"hold", "hold"}, {"hung", "hang"}, {"keep", "keep"},
    {"kept", "keep"}, {"knew", "know"}, {"knife", "knife"}, {"knive", "knife"}, {"know", "know"}, {"known", "know"},
    {"laid", "lay"}, {"lay", "lay"}, {"lead", "lead"}, {"learn", "learn"}, {"learnt", "learn"},
    {"led", "lead"}, {"lend", "lend"}, {"lent", "lend"}, {"light", "light"},
    {"lit", "light"}, {"lose", "lose"}, {"lost", "lose"}, {"made", "make"}, {"make", "make"},
    {"man", "man"}, {"mean", "mean"}, {"meant", "mean"}, {"meet", "meet"}, {"men", "man"}, {"met", "meet"},
    {"mice", "mouse"}, {"mous", "mouse"}, {"paid", "pay"}, {"pay", "pay"}, {"peopl", "person"},
    {"person", "person"}, {"ran", "run"}, {"rang", "ring"}, {"ridden", "ride"}, {"ride", "ride"}, {"ring", "ring"},
    {"rise", "rise"}, {"risen", "rise"}, {"rode", "ride"}, {"rose", "rise"}, {"run", "run"}, {"rung", "ring"},
    {"said", "say"}, {"sang", "sing"}, {"sank", "sink"}, {"sat", "sit"}, {"saw", "see"}, {"say", "say"},
    {"see", "see"}, {"seek", "seek"}, {"seen", "see"}, {"sell", "sell"}, {"send", "send"}, {"sent", "send"},
    {"shake", "shake"}, {"shaken", "shake"}, {"shelf", "shelf"}, {"shelv", "shelf"}, {"shine", "shine"},
    {"shone", "shine"}, {"shook", "shake"}, {"shoot", "shoot"}, {"shot", "shoot"}, {"show", "show"},
    {"shown", "show"}, {"sing", "sing"}, {"sink", "sink"}, {"sit", "sit"}, {"sleep", "sleep"}, {"slept", "sleep"},
    {"slid", "slide"}, {"slide", "slide"}, {"sold", "sell"}, {"sought", "seek"}, {"speak", "speak"},
    {"spend", "spend"}, {"spent", "spend"}, {"spin", "spin"}, {"spoke", "speak"}, {"spoken", "speak"},
    {"sprang", "spring"}, {"spring", "spring"}, {"sprung", "spring"}, {"spun", "spin"}, {"stand", "stand"},
    {"steal", "steal"}, {"stick", "stick"}, {"stole", "steal"}, {"stolen", "steal"}, {"stood", "stand"},
    {"strike", "strike"}, {"struck", "strike"}, {"stuck", "stick"}, {"sung", "sing"}, {"sunk", "sink"},
    {"swam", "swim"}, {"swear", "swear"}, {"sweep", "sweep"}, {"swept", "sweep"}, {"swim", "swim"},
    {"swing", "swing"}, {"swore", "swear"}, {"sworn", "swear"}, {"swum", "swim"}, {"swung", "swing"},
    {"take", "take"}, {"taken", "take"}, {"taught", "teach"}, {"teach", "teach"}, {"tear", "tear"},
    {"teeth", "tooth"}, {"tell", "tell"}, {"think", "think"}, {"thought", "think"}, {"threw", "throw"},
    {"throw", "throw"}, {"thrown", "throw"}, {"told", "tell"}, {"took", "take"}, {"tooth", "tooth"},
    {"tore", "tear"}, {"torn", "tear"}, {"understand", "understand"}, {"understood", "understand"},
    {"wake", "wake"}, {"wear", "wear"}, {"went", "go"}, {"wife", "wife"}, {"win", "win"}, {"wive", "wife"},
    {"woke", "wake"}, {"woken", "wake"}, {"woman", "woman"}, {"women", "woman"}, {"won", "win"}, {"wore", "wear"},
    {"worn", "wear"}, {"write", "write"}, {"written", "write"}, {"wrote", "write"},
};
/* clang-format on */

static int compare(const void *key, const void *element) {
    const epi__view *stem = key;
    const form *other = element;
    int order = strncmp(stem->data, other->stem, stem->size);
    return order != 0 ? order : -(other->stem[stem->size] != '\0');
}

size_t epi__text_forms(const char *stems[EPI__FORMS_MAX], const char *stem, size_t size) {
    epi__view key = {stem, size};
    const form *found = bsearch(&key, forms, EPI__COUNT(forms), sizeof forms[0], compare);
    size_t count = 0;
    for (size_t i = 0; found && i < EPI__COUNT(forms) && count < EPI__FORMS_MAX; i++)
        if (&forms[i] != found && strcmp(forms[i].word, found->word) == 0) stems[count++] = forms[i].stem;
    return count;
}
