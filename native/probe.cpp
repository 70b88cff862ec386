// llama-probe: measures how far a model diverges from its base when tensors are overwritten. Loads the model once and answers
// requests, so that a probe costs one evaluation of the text. Linked like llama.cpp's tools.
//
//   llama-probe -m base.gguf --kl-divergence-base base.kld [-t N] [llama.cpp's options for devices]
//
// base.kld is a file of `llama-perplexity --save-all-logits`, which also has the text's tokens. A request is a JSON line on
// standard input:
//
//   {"write": [{"tensor": "blk.0.ffn_down.weight", "file": "values.bin", "offset": 0}], "restore": ["blk.1.ffn_down.weight"]}
//
// `file` has the values in the tensor's own type. Overwritten tensors stay so until they are restored. After a request the text
// is evaluated, and a JSON line is printed on standard output; numbers that are not finite are null:
//
//   {"kld": 0.0123, "kldError": 0.0004, "tokens": 2040, "chunks": [0.0117, ...]}
//
// with the mean KL divergence from the base in nats, its standard error, the number of scored tokens, and the mean of each
// chunk, in the batches of llama-perplexity. Ends when standard input ends. On failure, prints a line on stderr and exits with 1.

#include <clocale>
#include <iostream>

#include <nlohmann/json.hpp>

#include "arg.h"
#include "bf16-products.h"
#include "common.h"
#include "divergence.h"
#include "llama.h"
#include "log.h"
#include "probed-model.h"
#include "unchanged-layers.h"

namespace {

using json = nlohmann::json;

/// Evaluates the text in the same batches as llama-perplexity, which a rounded model's values depend on.
class Evaluation {
public:
    Evaluation(llama_context * ctx, UnchangedLayers & layers, const BaseLogits & base, int n_batch, int threads)
        : ctx_(ctx), layers_(layers), base_(base), n_batch_(n_batch), threads_(threads), sequences_(std::min<int>(std::max(1, n_batch / base.context), llama_n_seq_max(ctx))),
          batch_(llama_batch_init(std::min(n_batch, base.context * sequences_), 0, 1)) {}
    ~Evaluation() { llama_batch_free(batch_); }
    Evaluation(const Evaluation &) = delete;

    /// Evaluates the model, in which `changed` tensors differ from the base.
    DivergenceSums run(const std::set<const ggml_tensor *> & changed) {
        layers_.begin(changed);
        DivergenceSums sums = evaluate();
        if (layers_.end()) return sums;
        layers_.begin(changed);
        return evaluate();
    }

private:
    DivergenceSums evaluate() {
        DivergenceSums sums;
        for (int first = 0; first < base_.chunks; first += sequences_) {
            const int count = std::min(sequences_, base_.chunks - first);
            const float * logits = decode(first, count);
            for (int i = 0; i < count; i++) {
                base_.read_chunk(first + i, rows_);
                sums.add_chunk(base_, logits + (size_t) i * (base_.context - base_.first_scored()) * base_.vocabulary, rows_, threads_);
            }
        }
        return sums;
    }

    /// Decodes chunks [first, first + count) and returns the logits of their second halves.
    const float * decode(int first, int count) {
        llama_memory_clear(llama_get_memory(ctx_), true);
        collected_.clear();
        const llama_vocab * vocab = llama_model_get_vocab(llama_get_model(ctx_));
        const bool add_bos = llama_vocab_get_add_bos(vocab);
        const bool whole = base_.context <= n_batch_;
        for (int at = 0; at < base_.context; at += n_batch_) {
            common_batch_clear(batch_);
            int outputs = 0;
            for (int seq = 0; seq < count; seq++) {
                for (int pos = at; pos < std::min(base_.context, at + n_batch_); pos++) {
                    const llama_token token = add_bos && pos == 0 ? llama_vocab_bos(vocab) : base_.tokens[(size_t) (first + seq) * base_.context + pos];
                    const bool scored = pos >= base_.first_scored();
                    common_batch_add(batch_, token, pos, {seq}, scored);
                    outputs += scored;
                }
            }
            if (llama_decode(ctx_, batch_) != 0) throw std::runtime_error("failed to decode");
            if (whole) return llama_get_logits(ctx_);
            if (outputs == 0) continue;
            const float * logits = llama_get_logits(ctx_);
            collected_.insert(collected_.end(), logits, logits + (size_t) outputs * base_.vocabulary);
        }
        return collected_.data();
    }

    llama_context * ctx_;
    UnchangedLayers & layers_;
    const BaseLogits & base_;
    int n_batch_, threads_, sequences_;
    llama_batch batch_;
    std::vector<uint16_t> rows_;
    /// Logits of a chunk that is larger than a batch.
    std::vector<float> collected_;
};

bool computes_on_cpu() {
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        if (ggml_backend_dev_type(ggml_backend_dev_get(i)) != GGML_BACKEND_DEVICE_TYPE_CPU) return false;
    }
    return true;
}

bool on_node(ggml_tensor * t, bool ask, void * layers) { return ((UnchangedLayers *) layers)->observe(t, ask); }

void answer_requests(ProbedModel & model, Evaluation & evaluation) {
    for (std::string line; std::getline(std::cin, line);) {
        const json request = json::parse(line);
        for (const json & name : request.at("restore")) model.restore(name);
        for (const json & each : request.at("write")) model.write(each.at("tensor"), {each.at("file"), each.at("offset")});
        const DivergenceSums sums = evaluation.run(model.changed());
        const json result = {{"kld", sums.mean()}, {"kldError", sums.error()}, {"tokens", sums.count()}, {"chunks", sums.chunk_means}};
        std::cout << result.dump() << std::endl;
    }
}

void run(int argc, char ** argv) {
    if (argc == 2 && std::string(argv[1]) == "--version") {
        std::printf("version: 1\n");
        return;
    }
    common_params params;
    common_init();
    if (!common_params_parse(argc, argv, params, LLAMA_EXAMPLE_PERPLEXITY)) throw std::runtime_error("wrong options");
    const BaseLogits base(params.logits_file);
    params.n_parallel = std::max(1, params.n_batch / base.context);
    params.n_ctx = params.n_parallel * base.context;
    params.n_batch = std::min(params.n_batch, params.n_ctx);
    params.warmup = false;
    // A mapped file is read-only.
    params.load_mode = LLAMA_LOAD_MODE_NONE;
    params.lazy_mode = LLAMA_LAZY_MODE_OFF;
    llama_backend_init();
    llama_numa_init(params.numa);
    const bool on_cpu = computes_on_cpu();
    if (on_cpu) bf16_products::use(params.cpuparams.n_threads);
    UnchangedLayers layers(on_cpu);
    params.cb_eval = on_node;
    params.cb_eval_user_data = &layers;
    auto initialised = common_init_from_params(params);
    llama_context * ctx = initialised->context();
    if (ctx == nullptr) throw std::runtime_error("failed to load model");
    const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(initialised->model()));
    if (vocabulary != base.vocabulary) {
        throw std::runtime_error("inconsistent vocabulary (" + std::to_string(base.vocabulary) + " vs " + std::to_string(vocabulary) + ")");
    }
    ProbedModel model(initialised->model(), params.model.path);
    Evaluation evaluation(ctx, layers, base, params.n_batch, params.cpuparams.n_threads);
    answer_requests(model, evaluation);
    llama_backend_free();
}

}  // namespace

int main(int argc, char ** argv) {
    std::setlocale(LC_NUMERIC, "C");
    try {
        run(argc, argv);
        return 0;
    } catch (const std::exception & error) {
        LOG_ERR("llama-probe: %s\n", error.what());
        return 1;
    }
}
