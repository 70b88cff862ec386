// llama-round: rounds weights to ggml's types with error feedback from the second moments of their inputs, see
// docs/internals/rounding.md. Linked like llama.cpp's tools; needs only ggml.
//
//   llama-round --model base.gguf --moments moments.gguf [--moments more.gguf ...] --types types.txt
//               --index index.jsonl [--data rounded.bin | --sample ROWS] [-t N] [--passes N] [--refits N]
//               [--damping X] [--prior X] [--device NAME]
//
// --types   lines "<tensor> <TYPE> [TYPE ...]"; several types only with --sample
// --data    output: the bytes of the tensors, one after the other, in the order of their inputs
// --sample  measures ROWS rows of each weight and expert, spread evenly, and writes no bytes
// --index   output: a line of JSON per tensor, in the order of processing:
//             {"tensor","input","rows","columns","damping","feedback","signal","results":[{"type","loss","nearest"}],
//              "seconds","offset","bytes"}
//           Losses and signal are sums over experts, weighted by the tokens of each.
//           loss = tr(E H E^T) with feedback, nearest = the same for ggml's rounding with the diagonal of H as importance,
//           signal = tr(W H W^T) (with --sample). damping is null if H stayed singular, input is null without moments.
//           If "feedback" is false, bytes is 0, and the tensor must be rounded to nearest.
// --device  ggml's name of the device that computes the large products; without it, all is computed on the CPU. Prints lines
//           "llama-round: note: ..." on stderr about products that are computed on the CPU nevertheless.
//
// Tensors in the index are skipped, so a killed run resumes. The bytes do not depend on the number of threads; those of a
// device differ slightly, since sums are rounded in another order. The moments of an expert include the mean of all experts
// with the weight of X tokens per column (--prior, default 0.1).
// On failure, prints a line on stderr and exits with 1.

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "round-job.h"

namespace {

struct Arguments {
    std::string model, types, index, data, device;
    std::vector<std::string> moments;
    RoundSettings settings;
};

Arguments parse_arguments(int argc, char ** argv) {
    Arguments a;
    for (int i = 1; i < argc; i += 2) {
        const std::string name = argv[i];
        if (i + 1 == argc) throw std::runtime_error(name + " needs a value");
        const char * value = argv[i + 1];
        if (name == "--model") a.model = value;
        else if (name == "--moments") a.moments.push_back(value);
        else if (name == "--types") a.types = value;
        else if (name == "--index") a.index = value;
        else if (name == "--data") a.data = value;
        else if (name == "--device") a.device = value;
        else if (name == "--sample") a.settings.sample = std::strtoul(value, nullptr, 10);
        else if (name == "-t") a.settings.threads = std::max(1ul, std::strtoul(value, nullptr, 10));
        else if (name == "--passes") a.settings.rounding.passes = std::atoi(value);
        else if (name == "--refits") a.settings.rounding.refits = std::atoi(value);
        else if (name == "--damping") a.settings.damping = std::atof(value);
        else if (name == "--prior") a.settings.prior = std::atof(value);
        else throw std::runtime_error("unknown option " + name);
    }
    if (a.model.empty() || a.types.empty() || a.index.empty() || a.moments.empty()) throw std::runtime_error("--model, --moments, --types and --index are needed");
    if (a.data.empty() == (a.settings.sample == 0)) throw std::runtime_error("either --data or --sample is needed");
    return a;
}

ggml_type type_named(const std::string & name) {
    for (int i = 0; i < GGML_TYPE_COUNT; i++) {
        const char * known = ggml_type_name((ggml_type) i);
        if (known != nullptr && ggml_is_quantized((ggml_type) i) && strcasecmp(known, name.c_str()) == 0) return (ggml_type) i;
    }
    throw std::runtime_error("no quantized type " + name);
}

std::vector<RoundJob> read_jobs(const std::string & path, bool several) {
    std::ifstream file(path);
    std::vector<RoundJob> jobs;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        RoundJob job;
        if (!(words >> job.tensor)) continue;
        for (std::string type; words >> type;) job.types.push_back(type_named(type));
        if (job.types.empty() || (job.types.size() > 1 && !several)) throw std::runtime_error("wrong number of types for " + job.tensor);
        jobs.push_back(std::move(job));
    }
    if (jobs.empty()) throw std::runtime_error("no tensors in " + path);
    return jobs;
}

struct Source {
    const GgufFile * file;
    std::string input;
};

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

std::string index_line(const RoundJob & job, const std::string & input, const JobResult & result, double seconds, uint64_t offset, uint64_t bytes) {
    std::string line = "{\"tensor\":\"" + job.tensor + "\",\"input\":" + (input.empty() ? "null" : "\"" + input + "\"");
    line += ",\"rows\":" + std::to_string(result.rows) + ",\"columns\":" + std::to_string(result.columns);
    line += ",\"damping\":" + (result.damping ? number(*result.damping) : "null") + ",\"feedback\":" + (result.feedback ? "true" : "false");
    line += ",\"signal\":" + number(result.signal) + ",\"results\":[";
    for (size_t t = 0; t < result.types.size(); t++) {
        const TypeResult & each = result.types[t];
        line += std::string(t > 0 ? "," : "") + "{\"type\":\"" + ggml_type_name(each.type) + "\",\"loss\":" + number(each.loss) + ",\"nearest\":" + number(each.nearest) + "}";
    }
    return line + "],\"seconds\":" + number(seconds) + ",\"offset\":" + std::to_string(offset) + ",\"bytes\":" + std::to_string(bytes) + "}\n";
}

uint64_t tensor_bytes(const GgufFile & model, const RoundJob & job) {
    const int64_t * shape = model.shape(model.find(job.tensor));
    return ggml_row_size(job.types[0], shape[0]) * shape[1] * shape[2] * shape[3];
}

/// Groups weights by input, so that its factors are computed once; those of experts one expert at a time.
void run(const Arguments & a) {
    std::vector<RoundJob> jobs = read_jobs(a.types, a.settings.sample > 0);
    const GgufFile model(a.model);
    std::vector<std::unique_ptr<GgufFile>> files;
    std::map<std::string, Source> sources;
    for (const std::string & path : a.moments) {
        files.push_back(std::make_unique<GgufFile>(path));
        const std::vector<std::string> weights = files.back()->strings("moments.weights"), inputs = files.back()->strings("moments.inputs");
        for (size_t w = 0; w < weights.size(); w++) sources[weights[w]] = {files.back().get(), inputs[w]};
    }
    const auto input_of = [&](const RoundJob & job) {
        const auto found = sources.find(job.tensor);
        return found == sources.end() ? std::string() : found->second.input;
    };
    std::stable_sort(jobs.begin(), jobs.end(), [&](const RoundJob & x, const RoundJob & y) { return input_of(x) < input_of(y); });
    RoundOutput output(a.data, a.index);
    const std::unique_ptr<Device> device = a.device.empty() ? nullptr : Device::open(a.device);
    JobRunner runner(model, a.settings, device.get(), output);
    std::unique_ptr<InputMoments> moments;
    std::string current;
    size_t done = 0;
    for (const RoundJob & job : jobs) {
        done++;
        if (output.is_done(job.tensor)) continue;
        const auto start = std::chrono::steady_clock::now();
        const std::string input = input_of(job);
        JobResult result;
        if (input.empty()) result.damping.reset();
        else {
            if (input != current) moments = std::make_unique<InputMoments>(*sources.at(job.tensor).file, input);
            current = input;
            result = runner.run(job, input, *moments);
        }
        const uint64_t offset = output.end, bytes = output.has_data() && result.feedback ? tensor_bytes(model, job) : 0;
        output.drop(offset + bytes);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        output.finish(index_line(job, input, result, seconds, offset, bytes));
        std::printf("[%zu/%zu] %s\n", done, jobs.size(), job.tensor.c_str());
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char ** argv) {
    try {
        if (argc == 2 && std::string(argv[1]) == "--version") {
            std::printf("version: 1\n");
            return 0;
        }
        run(parse_arguments(argc, argv));
        return 0;
    } catch (const std::exception & error) {
        std::cerr << "llama-round: " << error.what() << "\n";
        return 1;
    }
}
