// Skips the layers before the first changed tensor: the output of a layer is kept from an earlier evaluation and set again, so
// that only the layers after it are computed. The values are the same, bit for bit.
//
// The first evaluation records the nodes of each graph; evaluations of the same text repeat them. Which nodes the later
// layers need in spite of the kept output, such as masks or shared caches, follows from the recorded sources.
#pragma once

#include <cstring>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ggml-backend.h"
#include "ggml.h"

class UnchangedLayers {
public:
    /// Unused on devices: the scheduler copies inputs of skipped nodes to them, and reads some of these.
    explicit UnchangedLayers(bool on_cpu) : usable_(on_cpu) {}

    /// Prepares the next evaluation, in which `changed` tensors differ from the base.
    void begin(const std::set<const ggml_tensor *> & changed) {
        graph_ = position_ = 0;
        set_cut_ = keep_cut_ = none;
        replaying_ = usable_ && !graphs_.empty();
        if (!replaying_) return;
        const size_t cut = last_output_before(first_use(changed));
        if (cut == none) return;
        if (kept_cut_ != none && kept_cut_ <= cut) set_cut_ = kept_cut_;
        if (kept_cut_ != cut) keep_cut_ = cut;
        outputs_.resize(graphs_.size());
        if (set_cut_ == none || set_cut_ == planned_cut_) return;
        for (Graph & graph : graphs_) graph.plan(set_cut_);
        planned_cut_ = set_cut_;
    }

    /// An evaluation callback of ggml's scheduler.
    bool observe(ggml_tensor * t, bool ask) {
        if (!usable_) {
            // An earlier evaluation may have skipped the node.
            if (ask) t->flags |= GGML_TENSOR_FLAG_COMPUTE;
            return false;
        }
        if (!replaying_) {
            record(t);
            return false;
        }
        if (!ask) return transfer(t);
        if (position_ == graphs_[graph_].nodes.size()) {
            graph_++;
            position_ = 0;
        }
        if (graph_ == graphs_.size() || !graphs_[graph_].nodes[position_].is(t)) {
            usable_ = false;
            return false;
        }
        const Graph & graph = graphs_[graph_];
        const bool skip = set_cut_ != none && position_ <= set_cut_ && !graph.needed[position_];
        t->flags = skip ? t->flags & ~GGML_TENSOR_FLAG_COMPUTE : graph.nodes[position_].flags;
        const size_t at = position_++;
        return at == set_cut_ || at == keep_cut_;
    }

    /// Ends an evaluation. Returns false if it has to be repeated, because its graphs differ from the recorded ones.
    bool end() {
        if (replaying_ && !usable_) return false;
        if (!replaying_) usable_ = usable_ && ended_ && equal_graphs();
        if (keep_cut_ != none) kept_cut_ = keep_cut_;
        return true;
    }

private:
    static constexpr size_t none = (size_t) -1;

    /// `root` owns the memory. Tensors are only compared, since they end with their graph.
    struct Source {
        const ggml_tensor * tensor, * root;
    };

    struct Node {
        const ggml_tensor * tensor;
        ggml_op op;
        int32_t flags;
        std::string name;
        std::vector<Source> sources;
        /// The tensor whose memory it writes, if that is not its own.
        const ggml_tensor * target;

        bool is(const ggml_tensor * t) const { return t->op == op && name == t->name; }
    };

    struct Graph {
        std::vector<Node> nodes;
        /// Nodes before the cut that nodes after it read, directly or not, other than through the cut.
        std::vector<char> needed;

        void plan(size_t cut) {
            std::unordered_map<const ggml_tensor *, size_t> places;
            std::unordered_multimap<const ggml_tensor *, size_t> writers;
            for (size_t i = 0; i < cut; i++) {
                places[nodes[i].tensor] = i;
                if (nodes[i].target != nullptr) writers.emplace(nodes[i].target, i);
            }
            needed.assign(cut + 1, false);
            std::vector<Source> open;
            const auto read = [&](const Node & node) { open.insert(open.end(), node.sources.begin(), node.sources.end()); };
            const auto need = [&](size_t i) {
                if (!needed[i]) read(nodes[i]);
                needed[i] = true;
            };
            for (size_t i = cut + 1; i < nodes.size(); i++) read(nodes[i]);
            std::unordered_set<const ggml_tensor *> seen;
            while (!open.empty()) {
                const Source source = open.back();
                open.pop_back();
                if (!seen.insert(source.tensor).second) continue;
                const auto place = places.find(source.tensor);
                if (place != places.end()) need(place->second);
                const auto range = writers.equal_range(source.root);
                for (auto each = range.first; each != range.second; each++) need(each->second);
            }
        }
    };

    static bool is_view(ggml_op op) {
        return op == GGML_OP_NONE || op == GGML_OP_VIEW || op == GGML_OP_RESHAPE || op == GGML_OP_PERMUTE || op == GGML_OP_TRANSPOSE;
    }

    static Source source_of(const ggml_tensor * t) {
        const ggml_tensor * root = t;
        while (root->view_src != nullptr) root = root->view_src;
        return {t, root};
    }

    void record(const ggml_tensor * t) {
        if (ended_) graphs_.emplace_back();
        Node node = {t, t->op, t->flags, t->name, {}, nullptr};
        for (const ggml_tensor * source : t->src) {
            if (source != nullptr) node.sources.push_back(source_of(source));
        }
        if (t->view_src != nullptr) {
            node.sources.push_back(source_of(t->view_src));
            if (!is_view(t->op)) node.target = node.sources.back().root;
        }
        graphs_.back().nodes.push_back(node);
        // llama.cpp's name for the logits, the last node of a graph.
        ended_ = std::strcmp(t->name, "result_output") == 0;
    }

    bool equal_graphs() const {
        for (const Graph & graph : graphs_) {
            if (graph.nodes.size() != graphs_[0].nodes.size()) return false;
            for (size_t i = 0; i < graph.nodes.size(); i++) {
                const Node & a = graph.nodes[i], & b = graphs_[0].nodes[i];
                if (a.op != b.op || a.name != b.name) return false;
            }
        }
        return !graphs_.empty();
    }

    /// The first node that reads one of the tensors.
    size_t first_use(const std::set<const ggml_tensor *> & changed) const {
        const std::vector<Node> & nodes = graphs_[0].nodes;
        for (size_t i = 0; i < nodes.size(); i++) {
            for (const Source & source : nodes[i].sources) {
                if (changed.count(source.root) > 0) return i;
            }
        }
        return nodes.size();
    }

    /// The last output of a layer before a node, by llama.cpp's name.
    size_t last_output_before(size_t end) const {
        const std::vector<Node> & nodes = graphs_[0].nodes;
        for (size_t i = end; i-- > 0;) {
            if (nodes[i].name.compare(0, 6, "l_out-") == 0 && nodes[i].target == nullptr && !is_view(nodes[i].op)) return i;
        }
        return none;
    }

    /// Sets or keeps the output of the node that was announced last.
    bool transfer(ggml_tensor * t) {
        std::vector<char> & output = outputs_[graph_];
        if (position_ - 1 == set_cut_) ggml_backend_tensor_set(t, output.data(), 0, output.size());
        if (position_ - 1 == keep_cut_) {
            output.resize(ggml_nbytes(t));
            ggml_backend_tensor_get(t, output.data(), 0, output.size());
        }
        return true;
    }

    bool usable_, replaying_ = false, ended_ = true;
    /// By part of the text, in the order of evaluation.
    std::vector<Graph> graphs_;
    /// The output of the layer at `kept_cut_`, by graph.
    std::vector<std::vector<char>> outputs_;
    size_t kept_cut_ = none, planned_cut_ = none;
    /// Nodes of this evaluation whose output is set, and whose output is kept.
    size_t set_cut_ = none, keep_cut_ = none;
    size_t graph_ = 0, position_ = 0;
};
