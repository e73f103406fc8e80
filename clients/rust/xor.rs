//! Trains, saves, loads and predicts:
//!
//!     rustc -O xor.rs -L <prefix>/lib && LD_LIBRARY_PATH=<prefix>/lib ./xor

mod lamina;
use lamina::{Model, Tensor};

const ARCHITECTURE: &str = r#"{"module": "keras", "class_name": "Sequential", "config": {"name": "xor", "layers": [
  {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 2], "name": "pair"}},
  {"module": "keras.layers", "class_name": "Dense", "config": {"units": 16, "activation": "tanh"}},
  {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "activation": "sigmoid"}}]}}"#;

fn main() -> lamina::Result<()> {
    lamina::set_seed(1)?;
    let x = Tensor::new(&[0f32, 0., 0., 1., 1., 0., 1., 1.], &[4, 2])?;
    let y = Tensor::new(&[0f32, 1., 1., 0.], &[4, 1])?;
    let mut model = Model::from_json(ARCHITECTURE)?;
    model.compile(
        r#"{"optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.05}}, "loss": "binary_crossentropy"}"#,
    )?;
    let mut epochs = 0;
    let history = model.fit(
        &[&x],
        &[&y],
        r#"{"epochs": 1000}"#,
        Some(&mut |_, logs| {
            epochs += 1;
            logs[0].1[0] > 0.01
        }),
    )?;
    println!("{} is {:.4} after {} epochs", history[0].0, history[0].1.last().unwrap(), epochs);
    assert!(epochs < 1000 && history[0].1.len() == epochs);

    let path = std::env::temp_dir().join("xor_rust.keras");
    let path = path.to_str().unwrap();
    model.save(path, true)?;
    let again = Model::load(path, false)?;
    assert_eq!((again.inputs()?[0].name.as_str(), again.inputs()?[0].sizes.as_slice()), ("pair", &[-1i64, 2][..]));
    assert_eq!(again.outputs()?.len(), 1);
    assert!(again.summary()?.contains("Total params"));
    let probabilities = again.predict(&[&x], 0)?.remove(0);
    println!("{:?}", probabilities.values::<f32>()?);
    let rounded = lamina::op("round", &[&probabilities], "")?.remove(0);
    assert_eq!((rounded.sizes(), rounded.values::<f32>()?), (&[4i64, 1][..], &[0f32, 1., 1., 0.][..]));

    let bytes = std::fs::read(path).unwrap();
    let mut trained_on = Model::from_bytes(&bytes, true)?;
    trained_on.train_on_batch(&[&x], &[&y])?;
    assert!(trained_on.evaluate(&[&x], &[&y], 2)?[0].1[0] < 0.01);
    let wrong = again.predict(&[&y], 0).err().expect("y has another shape");
    assert_eq!(wrong.kind, "value");
    println!("as it should, another shape fails: {}", wrong.message.lines().next().unwrap());
    std::fs::remove_file(path).unwrap();
    println!("Lamina {}", lamina::version());
    Ok(())
}
