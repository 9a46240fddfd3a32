import { Player } from "./player";

/** A server component: it knows the session, and the player gets of it what a page may have. */
export default async function Page({ params }: { params: Promise<{ lesson: string }> }) {
  const { lesson } = await params;
  const session = { userId: "ada", csrfToken: "the one of the session" }; // as your LMS has it
  return (
    <main>
      <h1>{lesson}</h1>
      <Player lessonId={lesson} {...session} />
    </main>
  );
}
