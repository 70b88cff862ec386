// llama-moments: computes the imatrix and the second moments H = E[x x^T] of each weight's input in one pass over a calibration
// text. Linked like llama.cpp's tools.
//
//   llama-moments -m model.gguf -f text.txt -o imatrix.gguf --moments moments.gguf [-c 512] [--chunks N] [-t N]
//                 [--layers FIRST:END] [--no-output] [--shared-experts] [--state FILE [--state-seconds S]] [llama-imatrix's options]
//
// --layers         second moments of these layers only (END excluded), for several runs with a file each
// --no-output      no second moments of the output matrix, for all runs but the first
// --shared-experts one second moment for all experts of a weight
// --state          file for resuming an interrupted run; written every S seconds (default 60), removed at the end
//
// imatrix.gguf is what llama-imatrix writes. moments.gguf is a GGUF file:
//   moments.weights, moments.inputs   arrays of strings: a weight, and the weight with whose name its moments are stored
//   <input>.correlations  I16 [n (n - 1) / 2, matrices]  strict upper triangles row by row, H_ij / sqrt(H_ii H_jj) x 32767
//   <input>.diagonal      F32 [n, matrices]              H_ii, the mean squares
//   <input>.tokens        I32 [matrices]                 number of tokens of each mean; one matrix per expert
//
// Prints `[chunk]` after every chunk, like llama-imatrix. On failure, prints a line on stderr and exits with 1.

#include <chrono>
#include <clocale>

#include "arg.h"
#include "common.h"
#include "llama.h"
#include "log.h"
#include "moments-state.h"

namespace {

struct Options {
    std::string moments, state;
    double state_seconds = 60;
    CollectorOptions collector;
};

/// Parses this program's options and leaves llama.cpp's in the arguments.
Options take_options(std::vector<char *> & args) {
    if (args.size() == 2 && std::string(args[1]) == "--version") {
        std::printf("version: 1\n");
        std::exit(0);
    }
    Options options;
    std::vector<char *> rest;
    for (size_t i = 0; i < args.size(); i++) {
        const std::string name = args[i];
        const bool last = i + 1 == args.size();
        if (name == "--no-output") options.collector.with_output = false;
        else if (name == "--shared-experts") options.collector.shared_experts = true;
        else if (name == "--moments" && !last) options.moments = args[++i];
        else if (name == "--state" && !last) options.state = args[++i];
        else if (name == "--state-seconds" && !last) options.state_seconds = std::atof(args[++i]);
        else if (name == "--layers" && !last) {
            if (std::sscanf(args[++i], "%d:%d", &options.collector.first_layer, &options.collector.last_layer) != 2) {
                throw std::runtime_error("--layers takes FIRST:END");
            }
        } else rest.push_back(args[i]);
    }
    args = rest;
    if (options.moments.empty()) throw std::runtime_error("--moments FILE is needed");
    return options;
}

bool on_node(ggml_tensor * t, bool ask, void * collector) { return ((MomentsCollector *) collector)->observe(t, ask); }

/// Decodes chunks [first, first + sequences) in parallel, in the same batches as llama-imatrix.
void decode_chunks(llama_context * ctx, llama_batch & batch, const std::vector<llama_token> & tokens, int n_ctx, int n_batch, int first, int sequences) {
    const llama_vocab * vocab = llama_model_get_vocab(llama_get_model(ctx));
    const bool add_bos = llama_vocab_get_add_bos(vocab);
    llama_memory_clear(llama_get_memory(ctx), true);
    for (int at = 0; at < n_ctx; at += n_batch) {
        common_batch_clear(batch);
        for (int seq = 0; seq < sequences; seq++) {
            for (int k = at; k < std::min(n_ctx, at + n_batch); k++) {
                const llama_token token = add_bos && k == 0 ? llama_vocab_bos(vocab) : tokens[(size_t) (first + seq) * n_ctx + k];
                // Requests outputs for all tokens, since the last layer processes only tokens with outputs.
                common_batch_add(batch, token, k, {seq}, true);
            }
        }
        if (llama_decode(ctx, batch) != 0) throw std::runtime_error("failed to decode");
    }
}

std::string identity_of(const common_params & params, const Options & options, const std::vector<llama_token> & tokens, int chunks) {
    uint64_t hash = 1469598103934665603u;
    for (const llama_token token : tokens) hash = (hash ^ (uint32_t) token) * 1099511628211u;
    const CollectorOptions & c = options.collector;
    char text[256];
    std::snprintf(text, sizeof text, "moments 1 %d %d %llx %d:%d %d %d ", params.n_ctx, chunks, (unsigned long long) hash, c.first_layer, c.last_layer, c.with_output, c.shared_experts);
    return text + params.model.path;
}

void run(std::vector<char *> args) {
    Options options = take_options(args);
    common_params params;
    params.out_file = "imatrix.gguf";
    params.n_ctx = 512;
    params.escape = false;
    common_init();
    if (!common_params_parse(args.size(), args.data(), params, LLAMA_EXAMPLE_IMATRIX)) throw std::runtime_error("wrong options");
    const int n_ctx = params.n_ctx;
    const int sequences = std::max(1, params.n_batch / n_ctx);
    params.n_parallel = sequences;
    params.n_ctx = sequences * n_ctx;
    params.n_batch = std::min(params.n_batch, params.n_ctx);
    options.collector.threads = params.cpuparams.n_threads;
    llama_backend_init();
    llama_numa_init(params.numa);
    MomentsCollector collector(options.collector);
    params.cb_eval = on_node;
    params.cb_eval_user_data = &collector;
    params.warmup = false;
    auto initialised = common_init_from_params(params);
    llama_context * ctx = initialised->context();
    if (ctx == nullptr) throw std::runtime_error("failed to load model");

    const std::vector<llama_token> tokens = common_tokenize(ctx, params.prompt, true, params.parse_special);
    if ((int) tokens.size() < 2 * n_ctx) {
        LOG_ERR("you need at least %d tokens for a context of %d tokens\n", 2 * n_ctx, n_ctx);
        LOG_ERR("the data file you provided tokenizes to only %zu tokens\n", tokens.size());
        throw std::runtime_error("the text is too short");
    }
    const int most = tokens.size() / n_ctx;
    const int chunks = params.n_chunks < 0 ? most : std::min(params.n_chunks, most);
    const std::string identity = identity_of(params, options, tokens, chunks);
    LOG_INF("computing over %d chunks, n_ctx=%d, batch_size=%d, n_seq=%d\n", chunks, n_ctx, params.n_batch, sequences);

    const int done = options.state.empty() ? 0 : moments_state::load(options.state, identity, collector);
    auto saved = std::chrono::steady_clock::now();
    llama_batch batch = llama_batch_init(std::max(params.n_batch, n_ctx), 0, 1);
    for (int first = done; first < chunks; first += sequences) {
        const int count = std::min(sequences, chunks - first);
        decode_chunks(ctx, batch, tokens, n_ctx, params.n_batch, first, count);
        llama_synchronize(ctx);
        for (int i = 0; i < count; i++) LOG("[%d]", first + i + 1);
        const auto now = std::chrono::steady_clock::now();
        if (options.state.empty() || std::chrono::duration<double>(now - saved).count() < options.state_seconds) continue;
        moments_state::save(options.state, identity, first + count, collector);
        saved = std::chrono::steady_clock::now();
    }
    LOG("\n");
    llama_batch_free(batch);
    write_imatrix(params.out_file, collector, params.prompt_file, n_ctx);
    write_moments(options.moments, collector);
    if (!options.state.empty()) std::remove(options.state.c_str());
    llama_backend_free();
}

}  // namespace

int main(int argc, char ** argv) {
    std::setlocale(LC_NUMERIC, "C");
    try {
        run(std::vector<char *>(argv, argv + argc));
        return 0;
    } catch (const std::exception & error) {
        LOG_ERR("llama-moments: %s\n", error.what());
        return 1;
    }
}
