import { useCourseProgress } from "@progress-sync/client/react";

export function CourseHead() {
  const { percent, percentOf, lessonsCompleted, lessons } = useCourseProgress({ userId: "ada", courseId: "go-101" });
  if (percent === null || percentOf !== "course") return <p>{lessonsCompleted} lessons completed</p>;
  return <p>{Math.floor(percent)} % of the course, {lessonsCompleted} of {lessons} lessons completed</p>;
}
