// llama-logits: llama-perplexity that reads control tokens of the text, such as <|im_start|>, as such and not as plain text; it has
// no option for that. For base logits of rendered chats:
//
//   llama-logits -m base.gguf -f chats.txt --save-all-logits base.kld -c 512 [llama-perplexity's options]
//
// All else is llama-perplexity's own source, so that a text without control tokens has the same logits, byte for byte. The file
// contains the tokens, so `llama-perplexity --kl-divergence` measures another model on them without reading the text.

#include "common.h"

#define common_tokenize(ctx, text, add_special) common_tokenize(ctx, text, add_special, /*parse_special*/ true)
#include "../tools/perplexity/perplexity.cpp"

int main(int argc, char ** argv) { return llama_perplexity(argc, argv); }
