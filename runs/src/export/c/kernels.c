/* y = W x + b of W (rows, cols), whose row r has the entries from starts[r] to starts[r + 1]; without starts it has all. */
static void linear(const float *x, float *y, int rows, int cols, const float *w, const sparring_column *columns,
                   const sparring_entry *starts, const float *b) {
    for (int r = 0; r < rows; r++) {
        float sum = b[r];
        if (starts) {
            for (int32_t e = (int32_t)starts[r]; e < (int32_t)starts[r + 1]; e++) sum += w[e] * x[columns[e]];
        } else {
            for (int c = 0; c < cols; c++) sum += w[r * cols + c] * x[c];
        }
        y[r] = sum;
    }
}

/* Windows on an image: channels, rows and columns of input and output, kernel, stride, zeros above and to the left. */
struct windows {
    int in[3], out[3], kernel[2], stride, above, left;
};

/* The cross-correlation of x with a kernel for each output channel, whose columns are (input channel, row, column). */
static void convolution(const float *x, float *y, const struct windows *of, const float *w,
                        const sparring_column *columns, const sparring_entry *starts, const float *b) {
    const int area = of->kernel[0] * of->kernel[1], cols = of->in[0] * area, size = of->out[1] * of->out[2];
    for (int o = 0; o < of->out[0]; o++) {
        float *to = y + o * size;
        for (int i = 0; i < size; i++) to[i] = b[o];
        const int32_t first = starts ? (int32_t)starts[o] : o * cols;
        const int32_t last = starts ? (int32_t)starts[o + 1] : first + cols;
        for (int32_t e = first; e < last; e++) {
            const int32_t column = starts ? (int32_t)columns[e] : e - first;
            const float *from = x + column / area * of->in[1] * of->in[2];
            const int down = column % area / of->kernel[1] - of->above, right = column % of->kernel[1] - of->left;
            for (int r = 0; r < of->out[1]; r++) {
                const int row = r * of->stride + down;
                if (row < 0 || row >= of->in[1]) continue;
                for (int c = 0; c < of->out[2]; c++) {
                    const int at = c * of->stride + right;
                    if (at >= 0 && at < of->in[2]) to[r * of->out[2] + c] += w[e] * from[row * of->in[2] + at];
                }
            }
        }
    }
}

/* The largest of each window; what lies beyond the image takes no part. */
static void max_pool(const float *x, float *y, const struct windows *of) {
    for (int o = 0; o < of->out[0]; o++)
        for (int r = 0; r < of->out[1]; r++)
            for (int c = 0; c < of->out[2]; c++) {
                float best = -INFINITY;
                for (int i = 0; i < of->kernel[0]; i++)
                    for (int j = 0; j < of->kernel[1]; j++) {
                        const int row = r * of->stride + i - of->above, at = c * of->stride + j - of->left;
                        if (row < 0 || row >= of->in[1] || at < 0 || at >= of->in[2]) continue;
                        const float v = x[(o * of->in[1] + row) * of->in[2] + at];
                        if (v > best) best = v;
                    }
                y[(o * of->out[1] + r) * of->out[2] + c] = best;
            }
}

static void relu(float *x, int n) {
    for (int i = 0; i < n; i++)
        if (x[i] < 0.0f) x[i] = 0.0f;
}

static void hyperbolic(float *x, int n) {
    for (int i = 0; i < n; i++) x[i] = tanhf(x[i]);
}

static void copy(const float *x, float *y, int n) {
    for (int i = 0; i < n; i++) y[i] = x[i];
}

static void add(float *x, const float *y, int n) {
    for (int i = 0; i < n; i++) x[i] += y[i];
}

static void layer_norm(float *x, int n, float epsilon, const float *scale, const float *shift) {
    float mean = 0.0f, variance = 0.0f;
    for (int i = 0; i < n; i++) mean += x[i];
    mean /= (float)n;
    for (int i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean);
    const float rate = 1.0f / sqrtf(variance / (float)n + epsilon);
    for (int i = 0; i < n; i++) x[i] = scale[i] * (x[i] - mean) * rate + shift[i];
}
