//! The variants: those in Rust, which are compiled by now, and the others, which are pinned by lock files and installed below
//! `.tools/`.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, write::DeflateEncoder};

use crate::variants::{FLOOR, HELLO, NAIVE, NODE_CACHED, NODE_EACH_TIME, OURS, PYTHON, Variant, title};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// Where the benchmark keeps what it installs and writes.
pub(crate) fn tools() -> PathBuf {
    root().join(".tools/bench")
}

/// The variants that are `wanted` and that this machine can build; says which it cannot.
pub(crate) fn all(optimized: bool, wanted: impl Fn(&str) -> bool) -> Result<Vec<Variant>> {
    let mut variants = rust(optimized, &wanted)?;
    if wanted(NODE_CACHED) || wanted(NODE_EACH_TIME) {
        match version("node") {
            Some(_) => variants.extend(node()?.into_iter().filter(|variant| wanted(variant.name))),
            None => println!("there is no node here: its variants are left out"),
        }
    }
    if wanted(PYTHON) {
        match version("python3") {
            Some(_) => variants.push(python()?),
            None => println!("there is no python3 here: its variant is left out"),
        }
    }
    Ok(variants)
}

/// What a program says of its version, or none if there is no such program.
pub(crate) fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // Node says its number alone.
    Some(version.strip_prefix('v').map(|number| format!("Node {number}")).unwrap_or(version))
}

/// The functions `query`, with all ways to a token, and `service-user`, which publishes it.
pub(crate) fn of_a_fleet() -> [Variant; 2] {
    ["query", "service-user"].map(|name| binary(name, tools().join("fleet").join(name)))
}

/// The size in bytes of a zip of these files, but for some bytes of names.
pub(crate) fn zip_size(files: &[PathBuf]) -> Result<u64> {
    const HEADERS: u64 = 30 + 46;
    const END: u64 = 22;
    let mut size = END;
    for file in files {
        let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
        deflated.write_all(&content)?;
        size += deflated.finish()?.len() as u64 + HEADERS;
    }
    Ok(size)
}

/// What `cargo xtask bench` has compiled.
fn rust(optimized: bool, wanted: impl Fn(&str) -> bool) -> Result<Vec<Variant>> {
    let folder = if optimized { "release" } else { "debug" };
    // This program may be in another profile's folder of the same target folder.
    let here = env::current_exe()?;
    let here = |program: &str| here.with_file_name("..").join(folder).join(program);
    let naive = root().join("target/bench-peers").join(folder).join(NAIVE);
    // They take turns in this order. The floor comes right after what is held against it most closely: the machine is disturbed
    // for seconds at a time.
    let all = [(OURS, here("query")), (FLOOR, here(FLOOR)), (NAIVE, naive), (HELLO, here(HELLO))];
    Ok(all.into_iter().filter(|(name, _)| wanted(name)).map(|(name, program)| binary(name, program)).collect())
}

fn binary(name: &'static str, program: PathBuf) -> Variant {
    Variant {
        name,
        title: title(name),
        command: vec![program.display().to_string()],
        folder: root(),
        environment: Vec::new(),
        files: vec![program],
    }
}

fn node() -> Result<[Variant; 2]> {
    let (source, home) = (peers().join("node"), tools().join("node"));
    let lock = "package-lock.json";
    if !is_installed(&home, &source.join(lock))? {
        fs::create_dir_all(&home)?;
        for file in ["package.json", lock, ".npmrc"] {
            fs::copy(source.join(file), home.join(file)).with_context(|| format!("cannot copy {file}"))?;
        }
        // Without scripts: the runtime's native client would need CMake and Autotools. `rapid-client.js` is in its place.
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&home))?;
        // The platform's esbuild comes as a package of its own, which needs no script.
        fs::copy(source.join("rapid-client.js"), home.join("node_modules/aws-lambda-ric/dist/rapid-client.node.js"))?;
        mark_installed(&home, &source.join(lock))?;
    }
    let bundle = |name: &'static str, entry: &str| -> Result<Variant> {
        let folder = home.join("dist").join(name);
        let mut esbuild = Command::new(home.join("node_modules/.bin/esbuild"));
        esbuild.arg(source.join(entry)).arg(format!("--outfile={}", folder.join("index.js").display())).args([
            "--bundle",
            "--platform=node",
            "--target=node20",
            "--format=cjs",
            "--minify",
            "--loader:.graphql=text",
            "--log-level=warning",
        ]);
        run(esbuild.env("NODE_PATH", home.join("node_modules")))?;
        Ok(Variant {
            name,
            title: title(name),
            command: [
                "node",
                &home.join("node_modules/aws-lambda-ric/bin/index.mjs").display().to_string(),
                "index.handler",
            ]
            .map(str::to_owned)
            .to_vec(),
            files: vec![folder.join("index.js")],
            folder,
            environment: Vec::new(),
        })
    };
    Ok([bundle(NODE_CACHED, "cached.mjs")?, bundle(NODE_EACH_TIME, "each-time.mjs")?])
}

fn python() -> Result<Variant> {
    let (source, home) = (peers().join("python"), tools().join("python"));
    let requirements = source.join("requirements.txt");
    let interpreter = home.join("bin/python");
    if !is_installed(&home, &requirements)? {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        run(Command::new(&interpreter)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"])
            .arg(&requirements))?;
        mark_installed(&home, &requirements)?;
    }
    let mut files = vec![source.join("handler.py")];
    for package in ["aws_lambda_powertools", "anyio", "certifi", "h11", "httpcore", "httpx", "idna"] {
        files.extend(files_below(&site_packages(&home)?.join(package))?);
    }
    Ok(Variant {
        name: PYTHON,
        title: title(PYTHON),
        command: [&interpreter.display().to_string(), "-m", "awslambdaric", "handler.handler"]
            .map(str::to_owned)
            .to_vec(),
        folder: source,
        environment: vec![("PYTHONPATH".to_owned(), peers().join("python").display().to_string())],
        files,
    })
}

fn peers() -> PathBuf {
    root().join("dev/bench/peers")
}

fn site_packages(home: &Path) -> Result<PathBuf> {
    let mut versions = fs::read_dir(home.join("lib"))?;
    let version = versions.next().context("the Python environment has no lib/")??;
    Ok(version.path().join("site-packages"))
}

/// Whether what `lock` says is in `home`.
fn is_installed(home: &Path, lock: &Path) -> Result<bool> {
    Ok(fs::read(home.join("installed")).is_ok_and(|installed| fs::read(lock).is_ok_and(|lock| lock == installed)))
}

/// Written last, so that an installation that was interrupted is not taken for a good one.
fn mark_installed(home: &Path, lock: &Path) -> Result<()> {
    fs::copy(lock, home.join("installed")).map(drop).context("cannot mark as installed")
}

fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot run {name}"))?;
    ensure!(status.success(), "{name} failed ({status}): see above");
    Ok(())
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else if path.extension().is_none_or(|extension| extension != "pyc") {
            files.push(path);
        }
    }
    Ok(files)
}
